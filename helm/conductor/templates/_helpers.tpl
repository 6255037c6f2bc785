{{- /* (dict "root" $ "name" "maestro-api" "component" "api") */ -}}
{{- define "conductor.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "conductor.labels" -}}
{{ include "conductor.selector" . }}
app.kubernetes.io/part-of: maestro-conductor
app.kubernetes.io/version: {{ .version | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "conductor.podLabels" -}}
{{ include "conductor.selector" . }}
app.kubernetes.io/part-of: maestro-conductor
app.kubernetes.io/version: {{ .version | quote }}
version: {{ .version | quote }}
{{- end -}}

{{- define "conductor.image" -}}
{{- $name := printf "%s/%s:%s" .registry .repository .tag -}}
{{- if .digest -}}{{ printf "%s@%s" $name .digest }}{{- else -}}{{ $name }}{{- end -}}
{{- end -}}

{{- /* The deployments: name, component, values, image, and whether it is a program of ours. As YAML, read by fromYaml. */ -}}
{{- define "conductor.components" -}}
{{- $ours := .Values.image -}}
{{- list
  (dict "name" "maestro-ui" "component" "ui" "values" .Values.ui "image" $ours "ours" true "account" "conductor-reader")
  (dict "name" "maestro-api" "component" "api" "values" .Values.api "image" $ours "ours" true "account" "conductor-reader")
  (dict "name" "maestro-worker" "component" "worker" "values" .Values.worker "image" $ours "ours" true "account" "conductor-worker")
  (dict "name" "policy-engine" "component" "policy" "values" .Values.policyEngine "image" .Values.policyEngine.image "ours" false "account" "")
  | dict "items" | toYaml -}}
{{- end -}}
