{{- define "temper.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- /* Selectors never change: they carry no version. Call with (list . "component"). */}}
{{- define "temper.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "temper.labels" -}}
{{- $root := index . 0 -}}
{{ include "temper.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{- /* Call with (list . "name of the image"). */}}
{{- define "temper.image" -}}
{{- $image := (index . 0).Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ index . 1 }}:{{ $image.tag | default (index . 0).Chart.AppVersion }}
{{- end }}

{{- define "temper.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "temper.secret" -}}
{{ .Values.secrets.existingSecret | default (printf "%s-secrets" (include "temper.fullname" .)) }}
{{- end }}

{{- define "temper.databaseSecret" -}}
{{ .Values.database.existingSecret | default (printf "%s-postgres" (include "temper.fullname" .)) }}
{{- end }}

{{- define "temper.artifactsClaim" -}}
{{ .Values.artifacts.existingClaim | default (printf "%s-artifacts" (include "temper.fullname" .)) }}
{{- end }}

{{- /* What the restricted pod security standard asks for. Call with the user's number. */}}
{{- define "temper.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "temper.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* The user of the images in deploy/docker. */}}
{{- define "temper.user" -}}1654{{- end }}

{{- define "temper.env" -}}
- name: POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: TEMPER_AGENT_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "temper.secret" . }}, key: agent-token}}
{{- end }}

{{- /* Coordinators and agents see results and data at the same places: paths in orders hold for both. */}}
{{- define "temper.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: artifacts, mountPath: /runs}
{{- range .Values.data }}
- {name: data-{{ .name }}, mountPath: /data/{{ .name }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "temper.volumes" -}}
- name: tmp
  emptyDir: {}
- name: artifacts
  persistentVolumeClaim: {claimName: {{ include "temper.artifactsClaim" . }}}
{{- range .Values.data }}
- name: data-{{ .name }}
  persistentVolumeClaim: {claimName: {{ .claim }}, readOnly: true}
{{- end }}
{{- end }}
