{{- /* The table of who may reach whom: service -> calls, events_of, outside, faces. */ -}}
{{- define "siegel.reach" -}}
{{- .Files.Get "files/reach.json" -}}
{{- end -}}

{{- define "siegel.fullname" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}{{- $name = printf "%s-%s" $name .Chart.Name -}}{{- end -}}
{{- $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- /* Labels that select pods. Takes (list root component). */ -}}
{{- define "siegel.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "siegel.labels" -}}
{{- $root := index . 0 -}}
{{ include "siegel.selector" . }}
app.kubernetes.io/part-of: siegel
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* Name and labels of one object. Takes (list root component). */ -}}
{{- define "siegel.metadata" -}}
name: {{ include "siegel.fullname" (index . 0) }}-{{ index . 1 }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "siegel.labels" . | nindent 2 }}
{{- end -}}

{{- /* `defaults` with the keys of services.<name> in their place, as JSON. Takes (list root name). */ -}}
{{- define "siegel.service" -}}
{{- $own := index (index . 0).Values.services (index . 1) -}}
{{- $all := dict -}}
{{- range $key, $value := (index . 0).Values.defaults -}}{{- $_ := set $all $key $value -}}{{- end -}}
{{- range $key, $value := $own -}}{{- $_ := set $all $key $value -}}{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{- /* Keys a service needs from its Secret, as a JSON list. Takes (list root name). */ -}}
{{- define "siegel.secretKeys" -}}
{{- $root := index . 0 -}}
{{- $keys := index ($root.Files.Get "files/secrets.json" | fromJson) (index . 1) -}}
{{- if not $root.Values.smtp.username -}}{{- $keys = without $keys "smtp-password" -}}{{- end -}}
{{- if ne $root.Values.eid.source "simulated" -}}{{- $keys = without $keys "pseudonym-key" -}}{{- end -}}
{{- if eq (index . 1) "identity" -}}{{- $keys = concat $keys (include "siegel.identityKeys" $root | fromJsonArray) | uniq -}}{{- end -}}
{{- if eq (index . 1) "organisation" -}}{{- with $root.Values.organisation.certificateAuthorities -}}{{- $keys = append $keys . -}}{{- end -}}{{- end -}}
{{- toJson $keys -}}
{{- end -}}

{{- /* Keys of identity's Secret that the values name, as a JSON list. */ -}}
{{- define "siegel.identityKeys" -}}
{{- $keys := list -}}
{{- with .Values.identity -}}
{{- with .rs256Key -}}{{- $keys = append $keys . -}}{{- end -}}
{{- if and .registration.enabled .registration.initialAccessToken -}}{{- $keys = append $keys "initial-access-token" -}}{{- end -}}
{{- range .signingKeys -}}{{- $keys = append $keys .key -}}{{- end -}}
{{- range .upstreams -}}
{{- with .key -}}{{- $keys = append $keys . -}}{{- end -}}
{{- with .clientSecretKey -}}{{- $keys = append $keys . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $keys -}}
{{- end -}}

{{- /* Which service the pods of a component run, as JSON: component -> service. */ -}}
{{- define "siegel.pods" -}}
{{- $pods := dict -}}
{{- range $name, $_ := include "siegel.reach" . | fromJson -}}{{- $_ := set $pods $name $name -}}{{- end -}}
{{- if .Values.mtls.enabled -}}{{- $_ := set $pods "identity-mtls" "identity" -}}{{- end -}}
{{- toJson $pods -}}
{{- end -}}

{{- /* gRPC services of one service that the outside may reach, as a JSON list. Takes (list root name). */ -}}
{{- define "siegel.publicGrpc" -}}
{{- $row := index ((index . 0).Files.Get "files/grpc.json" | fromJson) (index . 1) | default dict -}}
{{- $row.public | default list | toJson -}}
{{- end -}}

{{- /* Public HTTP paths of one service, as a JSON list. Takes (list root name). */ -}}
{{- define "siegel.publicPaths" -}}
{{- index ((index . 0).Files.Get "files/paths.json" | fromJson) (index . 1) | default list | toJson -}}
{{- end -}}

{{- /* Paths of the JSON interface at one service, as a JSON list. Takes (list root name). */ -}}
{{- define "siegel.publicApi" -}}
{{- index ((index . 0).Files.Get "files/api.json" | fromJson) (index . 1) | default list | toJson -}}
{{- end -}}

{{- define "siegel.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "siegel.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "siegel.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}
