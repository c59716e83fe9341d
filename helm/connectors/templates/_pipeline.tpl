{{/* The configuration as it goes into the ConfigMap: listening where the pod's address is. */}}
{{- define "connectors.pipeline" -}}
{{- if and .Values.pipeline .Values.existingConfigMap -}}
{{- fail "Give either `pipeline` or `existingConfigMap`, not both." -}}
{{- end -}}
{{- if not (or .Values.pipeline .Values.existingConfigMap) -}}
{{- fail "Give the configuration: `pipeline`, or the name of a ConfigMap as `existingConfigMap`." -}}
{{- end -}}
{{- $pipeline := deepCopy .Values.pipeline -}}
{{- if .Values.pipeline -}}
{{- $anywhere := dict "host" "0.0.0.0" -}}
{{- $_ := set $pipeline "ingress" (merge (default dict $pipeline.ingress) $anywhere) -}}
{{- $_ := set $pipeline "admin" (merge (default dict $pipeline.admin) $anywhere) -}}
{{- if .Values.api.enabled -}}
{{- if not (dig "api" "tokens" list $pipeline) -}}
{{- fail "The API is enabled and nobody may use it: add `pipeline.api.tokens`, which `router token` makes." -}}
{{- end -}}
{{- $_ := set $pipeline "api" (merge $pipeline.api $anywhere) -}}
{{- end -}}
{{- if gt (int (dig "ingress" "processes" 1 $pipeline)) 1 -}}
{{- fail "`pipeline.ingress.processes` must be 1: in Kubernetes, `ingress.replicas` does the same and is probed." -}}
{{- end -}}
{{- end -}}
{{- toJson $pipeline -}}
{{- end -}}

{{/* The port of a section of the configuration. Arguments: root, section. */}}
{{- define "connectors.port" -}}
{{- $usual := dict "ingress" 8080 "api" 8083 "admin" 9464 -}}
{{- dig .section "port" (index $usual .section) (.root.Values.pipeline | default dict) | int -}}
{{- end -}}

{{- define "connectors.configMap" -}}
{{- default (include "connectors.fullname" .) .Values.existingConfigMap -}}
{{- end -}}

{{/* The ports that the configuration connects to, as a list in JSON. Arguments: root, role. */}}
{{- define "connectors.outwardPorts" -}}
{{- $pipeline := .root.Values.pipeline -}}
{{- $ports := list -}}
{{- range splitList "," (dig "kafka" "bootstrap_servers" "" $pipeline) -}}
{{- $ports = append $ports (regexFind "[0-9]+$" (trim .)) -}}
{{- end -}}
{{- range compact (list (dig "kafka" "registry_url" "" $pipeline) (ternary "" (dig "vault" "address" "" $pipeline) (eq .role "api"))) -}}
{{- $named := regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" -}}
{{- $ports = append $ports (default (ternary "443" "80" (hasPrefix "https:" .)) $named) -}}
{{- end -}}
{{- if eq .role "worker" -}}
{{- range tuple "sources" "sinks" -}}
{{- range $name, $settings := dig . dict $pipeline -}}
{{- range dig "scopes" "hosts" list $settings -}}
{{- $ports = append $ports (regexFind "[0-9]+$" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $numbers := list -}}
{{- range uniq (compact $ports) -}}
{{- $numbers = append $numbers (int .) -}}
{{- end -}}
{{- toJson $numbers -}}
{{- end -}}

{{/* KEDA's triggers: what every sink reads, and what is given. As a list in JSON. */}}
{{- define "connectors.triggers" -}}
{{- $pipeline := .Values.pipeline -}}
{{- $triggers := list -}}
{{- range $sink, $settings := dig "sinks" dict $pipeline -}}
{{- $group := dig "delivery" "group" "" $settings | default (printf "%s.%s" $pipeline.name $sink) -}}
{{- range $settings.topics -}}
{{- $triggers = append $triggers (dict "bootstrapServers" $pipeline.kafka.bootstrap_servers "consumerGroup" $group "topic" .) -}}
{{- end -}}
{{- end -}}
{{- $triggers = concat $triggers .Values.worker.keda.triggers -}}
{{- if not $triggers -}}
{{- fail "KEDA is enabled and has nothing to look at: add `worker.keda.triggers`." -}}
{{- end -}}
{{- toJson $triggers -}}
{{- end -}}
