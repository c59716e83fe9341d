{{/* What keeps a container to itself: the restricted Pod Security Standard, and a file system that is read-only. */}}
{{- define "connectors.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* The secrets that a role is given, in JSON: the API reads none. Arguments: root, role. */}}
{{- define "connectors.secrets" -}}
{{- ternary (dict "env" list "files" list) .root.Values.secrets (eq .role "api") | toJson -}}
{{- end -}}

{{/* Arguments: root, role. */}}
{{- define "connectors.environment" -}}
- name: LOG_LEVEL
  value: {{ .root.Values.log.level }}
- name: LOG_FORMAT
  value: {{ .root.Values.log.format }}
{{- range (include "connectors.secrets" . | fromJson).env }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end }}
{{- end -}}

{{/* Arguments: root, role. */}}
{{- define "connectors.mounts" -}}
- name: configuration
  mountPath: /etc/connectors
  readOnly: true
- name: scratch
  mountPath: /tmp
{{- range $index, $file := (include "connectors.secrets" . | fromJson).files }}
- name: file-{{ $index }}
  mountPath: {{ $file.path }}
  readOnly: true
{{- end }}
{{- end -}}

{{/* Arguments: root, role. */}}
{{- define "connectors.volumes" -}}
- name: configuration
  configMap:
    name: {{ include "connectors.configMap" .root }}
- name: scratch
  emptyDir:
    sizeLimit: 64Mi
{{- range $index, $file := (include "connectors.secrets" . | fromJson).files }}
- name: file-{{ $index }}
  {{- if $file.secret }}
  secret:
    secretName: {{ $file.secret }}
    # For the pod's group, which fsGroup makes the owner.
    defaultMode: 0440
  {{- else }}
  configMap:
    name: {{ $file.configMap }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The settings of every pod of this release. */}}
{{- define "connectors.podSettings" -}}
serviceAccountName: {{ include "connectors.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "connectors.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}

{{/* The container of a role. Arguments: root, role, settings. */}}
{{- define "connectors.container" -}}
name: router
image: {{ include "connectors.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: [{{ .role }}, /etc/connectors]
env:
  {{- include "connectors.environment" . | nindent 2 }}
ports:
  {{- if has .role (list "ingress" "api") }}
  - name: http
    containerPort: {{ include "connectors.port" (dict "root" .root "section" .role) }}
  {{- end }}
  - name: admin
    containerPort: {{ include "connectors.port" (dict "root" .root "section" "admin") }}
{{ include "connectors.probes" . }}
{{- if .settings.preStopSleepSeconds }}
lifecycle:
  preStop:
    # Meanwhile the pod is taken off its service, and still serves what reaches it.
    sleep:
      seconds: {{ .settings.preStopSleepSeconds }}
{{- end }}
resources:
  {{- toYaml .settings.resources | nindent 2 }}
securityContext:
  {{- include "connectors.confined" .root | nindent 2 }}
volumeMounts:
  {{- include "connectors.mounts" . | nindent 2 }}
{{- end -}}

{{/* Spread over zones and nodes. Arguments: root, role, settings. */}}
{{- define "connectors.spread" -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: {{ $.settings.topologySpread.whenUnsatisfiable }}
  labelSelector:
    matchLabels:
      {{- include "connectors.selector" $.root | nindent 6 }}
      app.kubernetes.io/component: {{ $.role }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}
