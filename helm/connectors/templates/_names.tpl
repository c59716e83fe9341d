{{- define "connectors.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, which all names of objects begin with. */}}
{{- define "connectors.fullname" -}}
{{- $name := include "connectors.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "connectors.selector" -}}
app.kubernetes.io/name: {{ include "connectors.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "connectors.labels" -}}
{{ include "connectors.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: connectors
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* metadata of an object. Arguments: root, suffix of the name, role. */}}
{{- define "connectors.metadata" -}}
name: {{ include "connectors.fullname" .root }}{{ with .suffix }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "connectors.labels" .root | nindent 2 }}
  {{- with .role }}
  app.kubernetes.io/component: {{ . }}
  {{- end }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "connectors.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "connectors.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "connectors.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/* The roles that are enabled, as a list in JSON. */}}
{{- define "connectors.roles" -}}
{{- $roles := list -}}
{{- range list "ingress" "worker" "api" "monitor" -}}
{{- if (index $.Values .).enabled -}}
{{- $roles = append $roles . -}}
{{- end -}}
{{- end -}}
{{- if not $roles -}}
{{- fail "Every role is disabled: enable ingress, worker, api or monitor." -}}
{{- end -}}
{{- toJson $roles -}}
{{- end -}}
