{{/* Labels of every object: the chart's, the release's, and what the run adds. */}}
{{- define "runner.labels" -}}
app.kubernetes.io/name: nomos-runner
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels of pods: what selects them and no more. Their containers' runtime gets these as well, and the run's own label
there would look like something that a run has made on that engine. */}}
{{- define "runner.pod.labels" -}}
app.kubernetes.io/name: nomos-runner
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* What tells one node from the others of a release. */}}
{{- define "runner.node.marks" -}}
nomos/logical-role: {{ .node.role | quote }}
{{ printf "nomos/%s-index" .node.role }}: {{ .node.index | quote }}
{{- end -}}

{{/* What selects one node's pod. */}}
{{- define "runner.node.selector" -}}
{{ include "runner.pod.labels" .root }}
{{ include "runner.node.marks" . }}
{{- end -}}

{{/* What selects the pod of a program beside the nodes. */}}
{{- define "runner.support.selector" -}}
app.kubernetes.io/name: nomos-runner
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
nomos/component: {{ .support.name | quote }}
{{- end -}}

{{/* What all pods of the release share. */}}
{{- define "runner.pod" -}}
enableServiceLinks: false
automountServiceAccountToken: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The image of an entry, or the release's. */}}
{{- define "runner.image" -}}
{{- required "image: name the container image of the nodes" (default .root.Values.image .own) -}}
{{- end -}}
