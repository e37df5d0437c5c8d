{{- define "siegel.egressDns" -}}
{{- with .Values.networkPolicy.dns }}
{{- if .to -}}
- to:
    {{- toYaml .to | nindent 4 }}
  ports:
    {{- range .ports }}
    - {protocol: UDP, port: {{ int . }}}
    - {protocol: TCP, port: {{ int . }}}
    {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /*
One way out of the suite, or nothing when it has no peers or what it leads to is not configured.
Takes (list root name).
*/ -}}
{{- define "siegel.egressOutside" -}}
{{- $values := (index . 0).Values -}}
{{- $name := index . 1 -}}
{{- $off := or (and (eq $name "otlp") (not $values.telemetry.otlpEndpoint)) (and (eq $name "clamd") (not $values.clamd.host)) (and (eq $name "witnesses") (not $values.postbox.witnesses)) -}}
{{- with index $values.networkPolicy.outside $name }}
{{- if and .to (not $off) -}}
- to:
    {{- toYaml .to | nindent 4 }}
  ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ int . }}}
    {{- end }}
{{- end }}
{{- end }}
{{- end -}}
