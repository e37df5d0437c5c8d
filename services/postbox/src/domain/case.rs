//! How far an application is.

use siegel_kernel::TrustLevel;

use super::HandleId;
use super::letter::{Violation, line};

/// Status of the federal status monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseStatus {
    Initiated,
    Submitted,
    Received,
    Processing,
    ActionRequired,
    Completed,
}

impl CaseStatus {
    const ALL: [Self; 6] = [
        Self::Initiated,
        Self::Submitted,
        Self::Received,
        Self::Processing,
        Self::ActionRequired,
        Self::Completed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Submitted => "submitted",
            Self::Received => "received",
            Self::Processing => "processing",
            Self::ActionRequired => "action_required",
            Self::Completed => "completed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// News about an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseNews {
    pub handle: HandleId,
    pub case_id: String,
    pub status: CaseStatus,
    pub note: String,
    pub required_level: TrustLevel,
}

impl CaseNews {
    /// Everything that is wrong with it.
    pub fn violations(&self) -> Vec<Violation> {
        [line("case_id", &self.case_id, true), line("note", &self.note, false)]
            .into_iter()
            .flatten()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_need_a_case_and_hold_one_line() {
        let news = CaseNews {
            handle: HandleId::from_uuid(uuid::Uuid::from_u128(1)),
            case_id: "BA-1".into(),
            status: CaseStatus::Received,
            note: String::new(),
            required_level: TrustLevel::Low,
        };
        assert_eq!(news.violations(), []);
        let fields =
            |news: &CaseNews| news.violations().into_iter().map(|v| v.field).collect::<Vec<_>>();
        assert_eq!(fields(&CaseNews { case_id: " ".into(), ..news.clone() }), ["case_id"]);
        assert_eq!(fields(&CaseNews { note: "a\nb".into(), ..news }), ["note"]);
        assert!(CaseStatus::ALL.iter().all(|s| CaseStatus::parse(s.as_str()) == Some(*s)));
    }
}
