{{- /* Names and labels, said once. */ -}}

{{- define "intelgraph.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "intelgraph.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* Labels that select the pods of one component: (dict "root" $ "component" "api"). They never change. */ -}}
{{- define "intelgraph.selector" -}}
app.kubernetes.io/name: intelgraph
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- /* Labels of every object: (dict "root" $ "component" "api" "version" "1.4.2"). */ -}}
{{- define "intelgraph.labels" -}}
{{ include "intelgraph.selector" . }}
app.kubernetes.io/part-of: intelgraph
app.kubernetes.io/version: {{ .version | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ include "intelgraph.chart" .root }}
{{- end -}}

{{- /* Labels of a pod. `version` is the image's tag: the API that answers, the chart and the label can be compared. */ -}}
{{- define "intelgraph.podLabels" -}}
{{ include "intelgraph.selector" . }}
app.kubernetes.io/part-of: intelgraph
app.kubernetes.io/version: {{ .version | quote }}
version: {{ .version | quote }}
{{- end -}}

{{- define "intelgraph.image" -}}
{{- $name := printf "%s/%s" .registry .repository -}}
{{- if .digest -}}{{ printf "%s:%s@%s" $name .tag .digest }}{{- else -}}{{ printf "%s:%s" $name .tag }}{{- end -}}
{{- end -}}

{{- define "intelgraph.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "intelgraph.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* The secrets' variables, by reference. */ -}}
{{- define "intelgraph.secretEnv" -}}
{{- range $variable, $key := .Values.secrets.keys }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef: {name: {{ $.Values.secrets.existingSecret }}, key: {{ $key }}}
{{- end }}
{{- end -}}

{{- /* One canary step of Argo Rollouts from one step of the values: (dict "root" $ "step" step). */ -}}
{{- define "intelgraph.step" -}}
{{- $root := .root -}}
{{- $fullname := include "intelgraph.fullname" .root -}}
{{- with .step -}}
{{- if hasKey . "weight" }}
- setWeight: {{ .weight }}
{{- else if hasKey . "pause" }}
- pause: {{ toJson .pause }}
{{- else if not $root.Values.rollout.analysis.enabled }}
{{- else if hasKey . "analysis" }}
- analysis:
    templates:
      {{- range .analysis.templates }}
      - templateName: {{ $fullname }}-{{ . }}
      {{- end }}
    args:
      - name: pod-template-hash
        valueFrom: {podTemplateHashValue: Latest}
{{- else if hasKey . "experiment" }}
- experiment:
    duration: {{ .experiment.duration }}
    templates:
      - {name: baseline, specRef: stable, replicas: {{ .experiment.replicas }}}
      - {name: canary, specRef: canary, replicas: {{ .experiment.replicas }}}
    analyses:
      {{- range .experiment.templates }}
      - name: {{ . }}
        templateName: {{ $fullname }}-{{ . }}
        requiredForCompletion: true
        args:
          - name: pod-template-hash
            value: {{ `"{{templates.canary.podTemplateHash}}"` }}
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}
