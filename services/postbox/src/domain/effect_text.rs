//! What opening a letter will mean, in plain words, before it is opened.

use siegel_kernel::berlin::LegalDay;
use siegel_receipt::LegalEffect;

use super::state::End;

/// German and English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectText {
    pub de: String,
    pub en: String,
}

/// The words for a letter with this effect; `end`: what it came to already.
pub fn before_opening(effect: Option<&LegalEffect>, opened: bool, end: Option<End>) -> EffectText {
    if let Some(gone) = end.and_then(gone) {
        return gone;
    }
    let mut text = rule(effect, opened, end.is_some());
    if end == Some(End::ProvisionEnded) {
        return text;
    }
    let (de, en) = if opened {
        (
            " Sie haben diesen Brief schon geöffnet; erneutes Öffnen ändert nichts.",
            " You have opened this letter before; opening it again changes nothing.",
        )
    } else {
        (
            " Mit dem Öffnen wird festgehalten, wann und mit welchem Vertrauensniveau Sie den Brief \
             geöffnet haben. Die Behörde und Sie erhalten darüber einen Beleg.",
            " Opening records when and with which trust level you opened the letter. The authority \
             and you get a receipt.",
        )
    };
    text.de.push_str(de);
    text.en.push_str(en);
    text.de = text.de.trim_start().to_owned();
    text.en = text.en.trim_start().to_owned();
    text
}

/// A letter that is announced to nobody and opened by nobody any more.
fn gone(end: End) -> Option<EffectText> {
    let (de, en) = match end {
        End::Recalled => (
            "Die Behörde hat diesen Brief zurückgenommen, bevor er geöffnet war. Er gilt nicht als \
             bekanntgegeben und kann nicht mehr geöffnet werden.",
            "The authority took this letter back before it was opened. It does not count as \
             announced and can no longer be opened.",
        ),
        End::Undeliverable | End::Rejected => (
            "Dieser Brief konnte nicht zugestellt werden. Er kann nicht geöffnet werden.",
            "This letter could not be delivered. It cannot be opened.",
        ),
        _ => return None,
    };
    Some(EffectText { de: de.into(), en: en.into() })
}

fn rule(effect: Option<&LegalEffect>, opened: bool, ended: bool) -> EffectText {
    let Some(effect) = effect else {
        return EffectText {
            de: "Das Öffnen setzt keine Frist in Gang.".into(),
            en: "Opening this letter starts no time limit.".into(),
        };
    };
    let (law, de, en) = (&effect.law, german(&effect.day), &effect.day);
    match effect.effect.as_str() {
        "announced_if_retrieved" => EffectText {
            de: format!(
                "Öffnen Sie diesen Brief, gilt er am Tag danach als bekanntgegeben ({law}). Er ist \
                 bis zum Ablauf des {de} abrufbar."
            ),
            en: format!(
                "If you open this letter, it counts as announced on the day after ({law}). It can \
                 be retrieved until the end of {en}."
            ),
        },
        "provision_ended" => EffectText {
            de: format!("Die Bereitstellung dieses Briefs endete mit Ablauf des {de} ({law})."),
            en: format!("The provision of this letter ended at the end of {en} ({law})."),
        },
        "served" if ended => EffectText {
            de: format!("Dieser Brief gilt seit dem {de} als zugestellt ({law})."),
            en: format!("This letter has counted as served since {en} ({law})."),
        },
        "not_served" => EffectText {
            de: format!("Sie haben die Annahme dieses Briefs am {de} verweigert ({law})."),
            en: format!("You refused to accept this letter on {en} ({law})."),
        },
        "served" => EffectText {
            de: format!(
                "Dieser Brief wird förmlich zugestellt. Bestätigen Sie den Empfang, gilt er an \
                 diesem Tag als zugestellt; antworten Sie nicht, gilt er am {de} als zugestellt, \
                 auch wenn Sie ihn nicht öffnen ({law}). Das Öffnen allein bestätigt nichts."
            ),
            en: format!(
                "This letter is formally served. If you confirm its receipt, it counts as served \
                 on that day; if you do not answer, it counts as served on {en}, even if you do \
                 not open it ({law}). Opening it alone confirms nothing."
            ),
        },
        _ if opened || ended => EffectText {
            de: format!("Als Tag der Bekanntgabe gilt der {de} ({law})."),
            en: format!("The day of announcement is {en} ({law})."),
        },
        _ => EffectText {
            de: format!(
                "Dieser Brief gilt am {de} als bekanntgegeben, auch wenn Sie ihn nicht öffnen \
                 ({law}). Öffnen Sie ihn früher, bleibt es bei diesem Tag."
            ),
            en: format!(
                "This letter counts as announced on {en}, even if you do not open it ({law}). \
                 Opening it earlier does not change that day."
            ),
        },
    }
}

/// `10.03.2025`
fn german(day: &str) -> String {
    LegalDay::parse(day)
        .map_or_else(|| day.to_owned(), |d| format!("{:02}.{:02}.{}", d.day(), d.month(), d.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(name: &str) -> LegalEffect {
        LegalEffect {
            rule: "ozg-9/2".into(),
            legal_basis: "ozg-9".into(),
            law: "OZG § 9 Abs. 1".into(),
            effect: name.into(),
            day0_event: "provision".into(),
            day0: "2025-03-06".into(),
            days: 4,
            shift: "none".into(),
            calendar: None,
            day: "2025-03-10".into(),
            confirmed_by_operator: false,
        }
    }

    #[test]
    fn a_fiction_is_announced_with_its_day_and_law_in_both_languages() {
        let text = before_opening(Some(&effect("announced")), false, None);
        assert!(text.de.starts_with("Dieser Brief gilt am 10.03.2025 als bekanntgegeben"));
        assert!(text.de.contains("OZG § 9 Abs. 1") && text.de.contains("Beleg"));
        assert!(text.en.starts_with("This letter counts as announced on 2025-03-10"));
    }

    #[test]
    fn a_letter_without_a_rule_says_that_no_time_limit_starts() {
        let text = before_opening(None, false, None);
        assert!(text.de.starts_with("Das Öffnen setzt keine Frist in Gang."));
    }

    #[test]
    fn a_letter_that_was_taken_back_is_never_said_to_count_as_announced() {
        let effect = effect("announced");
        for end in [End::Recalled, End::Undeliverable] {
            let text = before_opening(Some(&effect), false, Some(end));
            assert!(!text.de.contains("10.03.2025") && !text.en.contains("2025-03-10"));
            assert!(!text.de.contains("Beleg"), "there is nothing to open");
        }
    }

    #[test]
    fn a_letter_whose_provision_ended_is_not_said_to_be_opened() {
        let ended = effect("provision_ended");
        let text = before_opening(Some(&ended), false, Some(End::ProvisionEnded));
        assert!(text.de.ends_with("10.03.2025 (OZG § 9 Abs. 1)."), "{}", text.de);
    }

    #[test]
    fn an_opened_letter_says_that_opening_again_changes_nothing() {
        assert!(before_opening(None, true, Some(End::Opened)).en.contains("changes nothing"));
    }
}
