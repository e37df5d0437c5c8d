use serde_json::json;

/// What does not hold. The text is for people and may change; [`Failure::code`] never does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the file is not JSON")]
    NotJson,
    #[error("the file is a receipt of another format than siegel-receipt/1")]
    OtherFormat,
    #[error("the file is not a siegel-receipt/1: {0}")]
    Format(String),
    #[error("the key file is not a JWK set")]
    NotAKeySet,
    #[error("the token in the receipt is damaged: {0}")]
    Token(&'static str),
    #[error("the receipt names the key {0}, which is not in the key set")]
    UnknownKey(String),
    #[error("the key has the thumbprint {found}, not the {wanted} that was asked for")]
    OtherThumbprint { wanted: String, found: String },
    #[error("the key was not in use at {0}, when the receipt says it was written")]
    KeyOutOfTime(String),
    #[error(
        "the signature does not hold: payload and signature do not belong together, one of them was changed"
    )]
    Signature,
    #[error("the signature is damaged: it has not the length of its kind, or is not base64url")]
    SignatureDamaged,
    #[error("the signature does not hold: the payload was changed and is no longer readable")]
    PayloadDamaged,
    #[error("the payload is signed but not a receipt this program understands: {0}")]
    Payload(String),
    #[error("the payload is signed but contradicts itself: {0}")]
    Contradiction(&'static str),
    #[error("the disclosed value `{0}` is not the one the receipt commits to")]
    Disclosure(String),
    #[error("the receipt's place in the public log does not hold: {0}")]
    Log(&'static str),
    #[error("not enough of the witnesses that were asked for saw the receipt's place in the log")]
    Witnesses,
}

impl Failure {
    /// Stable name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson | Self::OtherFormat | Self::Format(_) => "FORMAT",
            Self::NotAKeySet => "KEYS",
            Self::Token(_) => "TOKEN",
            Self::UnknownKey(_) => "UNKNOWN_KEY",
            Self::OtherThumbprint { .. } => "OTHER_THUMBPRINT",
            Self::KeyOutOfTime(_) => "KEY_OUT_OF_TIME",
            Self::Signature | Self::SignatureDamaged | Self::PayloadDamaged => "SIGNATURE",
            Self::Payload(_) => "PAYLOAD",
            Self::Contradiction(_) => "CONTRADICTION",
            Self::Disclosure(_) => "DISCLOSURE",
            Self::Log(_) => "LOG",
            Self::Witnesses => "WITNESSES",
        }
    }

    /// The same in German.
    pub fn german(&self) -> String {
        match self {
            Self::NotJson => "Die Datei ist kein JSON.".into(),
            Self::OtherFormat => {
                "Die Datei ist ein Beleg in einem anderen Format als siegel-receipt/1.".into()
            }
            Self::Format(what) => format!("Die Datei ist kein siegel-receipt/1: {what}."),
            Self::NotAKeySet => "Die Schlüsseldatei ist kein JWK-Set.".into(),
            Self::Token(what) => format!("Das Token im Beleg ist beschädigt: {what}."),
            Self::UnknownKey(kid) => {
                format!("Der Beleg nennt den Schlüssel {kid}, der nicht im Schlüsselsatz steht.")
            }
            Self::OtherThumbprint { wanted, found } => {
                format!("Der Schlüssel hat den Fingerabdruck {found}, verlangt war {wanted}.")
            }
            Self::KeyOutOfTime(at) => format!(
                "Der Schlüssel war am {at} nicht in Gebrauch; dann will der Beleg geschrieben sein."
            ),
            Self::Signature => "Die Signatur hält nicht: Inhalt und Signatur gehören nicht \
                zusammen, eines von beiden wurde verändert."
                .into(),
            Self::SignatureDamaged => {
                "Die Signatur ist beschädigt: sie ist nicht so lang wie verlangt oder nicht base64url.".into()
            }
            Self::PayloadDamaged => {
                "Die Signatur hält nicht: der Inhalt wurde verändert und ist nicht mehr lesbar."
                    .into()
            }
            Self::Payload(what) => format!(
                "Der Inhalt ist signiert, aber kein Beleg, den dieses Programm versteht: {what}."
            ),
            Self::Contradiction(what) => {
                format!("Der Inhalt ist signiert, widerspricht sich aber: {what}.")
            }
            Self::Disclosure(name) => {
                format!("Die offengelegte Angabe „{name}“ ist nicht die im Beleg festgelegte.")
            }
            Self::Log(what) => {
                format!("Der Platz des Belegs im öffentlichen Verzeichnis hält nicht: {what}.")
            }
            Self::Witnesses => "Zu wenige der verlangten Zeugen haben den Platz des Belegs im \
                öffentlichen Verzeichnis gesehen."
                .into(),
        }
    }

    /// `{"valid": false, "code": …, "message": …}` for `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        json!({ "valid": false, "code": self.code(), "message": self.to_string(),
            "message_de": self.german() })
    }
}
