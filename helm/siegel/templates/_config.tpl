{{- /* Path of one secret file in the pod. Takes (list service key). */ -}}
{{- define "siegel.secretPath" -}}
{{ printf "/run/siegel/secrets/%s/%s" (index . 0) (index . 1) | toJson }}
{{- end -}}

{{- define "siegel.objectStore" -}}
{{- $root := index . 0 -}}
{{- $service := index . 1 -}}
[{{ $service }}.object_store]
kind = "s3"
endpoint = {{ $root.Values.objectStore.endpoint | toJson }}
region = {{ $root.Values.objectStore.region | toJson }}
bucket = {{ index $root.Values.objectStore.buckets $service | toJson }}
access_key_id_file = {{ include "siegel.secretPath" (list $service "object-store-access-key-id") }}
secret_access_key_file = {{ include "siegel.secretPath" (list $service "object-store-secret-access-key") }}
{{- end -}}

{{- /*
Keys of one registration (a client, a sender), camelCase to snake_case. Lists and texts are the same
in JSON and TOML; a key set is text in TOML; claimPurposes, a table, comes last.
*/ -}}
{{- define "siegel.registration" -}}
{{- range $key, $value := omit . "jwks" "claimPurposes" }}
{{ snakecase $key }} = {{ toJson $value }}
{{- end }}
{{- with .jwks }}
jwks = {{ toJson . | toJson }}
{{- end }}
{{- with .claimPurposes }}
claim_purposes = { {{- range $i, $name := keys . | sortAlpha }}{{ if $i }},{{ end }} {{ toJson $name }} = {{ index $.claimPurposes $name | toJson }}{{ end }} }
{{- end }}
{{- end -}}

{{- /* A value in one line of TOML: tables inline, in the order of their keys. */ -}}
{{- define "siegel.value" -}}
{{- if kindIs "map" . -}}
{ {{- $map := . }}{{ range $i, $name := keys . | sortAlpha }}{{ if $i }},{{ end }} {{ toJson $name }} = {{ include "siegel.value" (index $map $name) }}{{ end }} }
{{- else if kindIs "slice" . -}}
[{{ range $i, $one := . }}{{ if $i }}, {{ end }}{{ include "siegel.value" $one }}{{ end }}]
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end -}}

{{- define "siegel.listen" -}}
http = "0.0.0.0:8080"
internal = "0.0.0.0:8443"
probe = "0.0.0.0:9090"
{{- if .Values.mtls.enabled }}
mtls_origin = {{ .Values.mtls.origin | toJson }}
{{- end }}
{{- with .Values.ingress.trustedProxies }}
trusted_proxies = {{ toJson . }}
{{- end }}
{{- with .Values.ingress.api.corsOrigins }}
cors_origins = {{ toJson . }}
{{- end }}
{{- end -}}

{{- /* The same in the pods of the second address. */ -}}
{{- define "siegel.listenMtls" -}}
{{ include "siegel.listen" . }}
mtls = "0.0.0.0:8444"
tls_certificate_file = "/run/siegel/mtls/tls.crt"
tls_private_key_file = "/run/siegel/mtls/tls.key"
{{- if .Values.mtls.caConfigMap }}
mtls_ca_file = "/run/siegel/mtls-ca/ca.crt"
{{- end }}
{{- end -}}

{{- /* What identity does beyond its clients. */ -}}
{{- define "siegel.identity" -}}
{{- $path := "siegel.secretPath" -}}
{{- with .Values.identity.rs256Key }}
rs256_key_file = {{ include $path (list "identity" .) }}
{{- end }}
{{- if .Values.identity.fourEyes }}
four_eyes = true
{{- end }}
{{- with .Values.identity.resourceLevels }}
resource_levels = {{ include "siegel.value" . }}
{{- end }}
{{- with .Values.identity.registration }}
{{- if .enabled }}

[identity.registration]
approval = {{ .approval }}
{{- if .initialAccessToken }}
initial_access_token_file = {{ include $path (list "identity" "initial-access-token") }}
{{- end }}
{{- end }}
{{- end }}
{{- range .Values.identity.operators }}

[[identity.operators]]
name = {{ toJson .name }}
jwk = {{ include "siegel.value" .jwk }}
{{- end }}
{{- range .Values.identity.signingKeys }}

[[identity.signing_keys]]
file = {{ include $path (list "identity" .key) }}
active_from = {{ toJson .activeFrom }}
{{- end }}
{{- range .Values.identity.connectionGroups }}

[[identity.connection_groups]]
{{- range $key, $value := . }}
{{ snakecase $key }} = {{ include "siegel.value" $value }}
{{- end }}
{{- end }}
{{- range .Values.identity.upstreams }}

[[identity.upstreams]]
{{- range $key, $value := omit . "key" "clientSecretKey" "attributes" "organisation" }}
{{ snakecase $key }} = {{ include "siegel.value" $value }}
{{- end }}
{{- with .key }}
key_file = {{ include $path (list "identity" .) }}
{{- end }}
{{- with .clientSecretKey }}
client_secret_file = {{ include $path (list "identity" .) }}
{{- end }}
{{- range .attributes }}

[[identity.upstreams.attributes]]
{{- range $key, $value := . }}
{{ snakecase $key }} = {{ toJson $value }}
{{- end }}
{{- end }}
{{- with .organisation }}

[identity.upstreams.organisation]
identification_cap = {{ toJson .identificationCap }}
{{- with .levels }}
levels = {{ include "siegel.value" . }}
{{- end }}
{{- with .claims }}

[identity.upstreams.organisation.claims]
{{- range $key, $value := . }}
{{ snakecase $key }} = {{ toJson $value }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /*
siegel.toml: the same for every pod. A service reads the common tables and its own; a pod holds
only the secret files of its own service.
*/ -}}
{{- define "siegel.toml" -}}
profile = {{ .Values.profile | toJson }}
origin = {{ .Values.origin | toJson }}

[listen]
{{ include "siegel.listen" . }}

[internal_tls]
certificate_file = "/run/siegel/tls/tls.crt"
private_key_file = "/run/siegel/tls/tls.key"
ca_file = "/run/siegel/tls/ca.crt"

# Where a service is, and the name its certificate must have (also where nobody calls it).
[siblings]
{{- range $name, $_ := include "siegel.reach" . | fromJson }}
{{ $name }} = "https://{{ include "siegel.fullname" $ }}-{{ $name }}:8443"
{{- end }}

[telemetry]
log = {{ .Values.telemetry.log | toJson }}
{{- with .Values.telemetry.otlpEndpoint }}
otlp_endpoint = {{ toJson . }}
{{- end }}

[identity]
token_signing_key_file = {{ include "siegel.secretPath" (list "identity" "token-signing-key.pem") }}
key_encryption_key_file = {{ include "siegel.secretPath" (list "identity" "key-encryption-key") }}
pairwise_key_file = {{ include "siegel.secretPath" (list "identity" "pairwise-key") }}
nonce_key_file = {{ include "siegel.secretPath" (list "identity" "nonce-key") }}
{{- include "siegel.identity" . }}

[identity.people]
name = {{ .Values.name | toJson }}

[[identity.clients]] # the suite's own portal
client_id = "siegel-portal"
name = {{ .Values.name | toJson }}
tenant = {{ .Values.portal.tenant | toJson }}
sector = "siegel"
redirect_uris = [{{ printf "%s/account/callback" .Values.origin | toJson }}]
post_logout_redirect_uris = [{{ printf "%s/" .Values.origin | toJson }}]
jwks_file = {{ include "siegel.secretPath" (list "identity" "portal-client-jwks.json") }}
scopes = ["openid", "profile", "email", "account.read", "account.write", "organisation.read", "organisation.write", "postbox.read", "identity.self", "offline_access"]
first_party = true
require_pushed = true
{{- range .Values.clients }}

[[identity.clients]]
{{- include "siegel.registration" . }}
{{- end }}

[account]
key_encryption_key_file = {{ include "siegel.secretPath" (list "account" "key-encryption-key") }}
nonce_key_file = {{ include "siegel.secretPath" (list "account" "nonce-key") }}
{{- with .Values.account.operatorTenant }}
operator_tenant = {{ . | toJson }}
{{- end }}
{{- with .Values.account.importFloor }}

[account.import]
floor = {{ . | toJson }}
{{- end }}

[account.documents]
quota_bytes = {{ int64 .Values.account.documents.quotaBytes }}
document_bytes = {{ int64 .Values.account.documents.documentBytes }}
grant_days = {{ int .Values.account.documents.grantDays }}
{{- with .Values.account.documents.quotaBytesOfTenant }}

[account.documents.quota_bytes_of_tenant]
{{- range $tenant, $bytes := . }}
{{ $tenant | toJson }} = {{ int64 $bytes }}
{{- end }}
{{- end }}

{{ include "siegel.objectStore" (list . "account") }}

[organisation]
key_encryption_key_file = {{ include "siegel.secretPath" (list "organisation" "key-encryption-key") }}
nonce_key_file = {{ include "siegel.secretPath" (list "organisation" "nonce-key") }}
cooling_days = {{ int .Values.organisation.coolingDays }}
invitation_days = {{ int .Values.organisation.invitationDays }}
{{- with .Values.organisation.letterSender }}
letter_sender = {{ . | toJson }}
{{- end }}
{{- with .Values.organisation.certificateAuthorities }}
certificate_authorities_file = {{ include "siegel.secretPath" (list "organisation" .) }}
{{- end }}

[postbox]
evidence_signing_key_file = {{ include "siegel.secretPath" (list "postbox" "evidence-signing-key.pem") }}
log_signing_key_file = {{ include "siegel.secretPath" (list "postbox" "log-signing-key.pem") }}
key_encryption_key_file = {{ include "siegel.secretPath" (list "postbox" "key-encryption-key") }}
nonce_key_file = {{ include "siegel.secretPath" (list "postbox" "nonce-key") }}
{{- with .Values.postbox.operatorTenant }}
operator_tenant = {{ . | toJson }}
{{- end }}
{{- with .Values.postbox.retention }}

[postbox.retention]
{{- with .trashDays }}
trash_days = {{ int64 . }}
{{- end }}
{{- with .remedyDays }}
remedy_days = {{ int64 . }}
{{- end }}
{{- end }}
{{- with .Values.postbox.lanes }}

[postbox.lanes]
{{- range $name := list "interactive" "bulk" "waiting" }}
{{- with index $.Values.postbox.lanes $name }}
{{ $name }} = {{ int64 . }}
{{- end }}
{{- end }}
{{- end }}
{{- range .Values.postbox.witnesses }}

[[postbox.witnesses]]
key = {{ .key | toJson }}
url = {{ .url | toJson }}
{{- end }}
{{- if or .Values.postbox.quota .Values.attachments.largeTenants }}

[postbox.limits]
{{- with .Values.postbox.quota.lettersPerHour }}
letters_per_hour = {{ int64 . }}
{{- end }}
{{- with .Values.postbox.quota.bytesPerDay }}
bytes_per_day = {{ int64 . }}
{{- end }}
{{- with .Values.attachments.largeTenants }}
large_tenants = {{ toJson . }}
large_attachments = {{ int $.Values.attachments.largeCount }}
large_attachment_bytes = {{ int64 $.Values.attachments.largeBytes }}
{{- end }}
{{- end }}

{{ include "siegel.objectStore" (list . "postbox") }}
{{- if .Values.clamd.host }}

[postbox.scanner]
address = {{ printf "%s:%d" .Values.clamd.host (int .Values.clamd.port) | toJson }}
{{- with .Values.clamd.offFor }}
off_for = {{ toJson . }}
{{- end }}
{{- end }}
{{- range .Values.senders }}

[[postbox.senders]]
{{- include "siegel.registration" . }}
{{- end }}

[eid]
source = {{ .Values.eid.source | toJson }}
recipient = {{ .Values.name | toJson }}
{{- if eq .Values.eid.source "simulated" }}
pseudonym_key_file = {{ include "siegel.secretPath" (list "eid" "pseudonym-key") }}
{{- end }}

[notification]
key_encryption_key_file = {{ include "siegel.secretPath" (list "notification" "key-encryption-key") }}

[notification.smtp]
host = {{ .Values.smtp.host | toJson }}
port = {{ int .Values.smtp.port }}
encryption = {{ .Values.smtp.encryption | toJson }}
from = {{ .Values.smtp.from | toJson }}
{{- with .Values.smtp.username }}
username = {{ toJson . }}
password_file = {{ include "siegel.secretPath" (list "notification" "smtp-password") }}
{{- end }}

[portal]
client_key_file = {{ include "siegel.secretPath" (list "portal" "client-key.pem") }}
session_key_file = {{ include "siegel.secretPath" (list "portal" "session-key") }}
# Inside the cluster: the way out to the ingress is closed.
identity_url = "http://{{ include "siegel.fullname" . }}-identity:8080"
operator = {{ .Values.operator | toJson }}
{{- range .Values.portal.footer }}

[[portal.footer]]
{{- include "siegel.registration" . }}
{{- end }}
{{- range $name, $_ := include "siegel.reach" . | fromJson }}

[{{ $name }}.database]
url_file = {{ include "siegel.secretPath" (list $name "database-url") }}
{{- end }}
{{- end -}}
