//! Stored requests: what they mean after the configuration has changed, and how far back they may reach.

use super::{Account, ExportRequest, ExportSpec, validate};
use crate::contract::code::{Code, Refusal};
use crate::domain::Selection;
use crate::locale::Language;
use crate::time::DAY_SECONDS;

/// The meaning of a request that was valid once, even if the account and its groups have changed since: `selection` is
/// what they meant then, `language` the language that was used if the request names none.
///
/// # Errors
/// If it was never valid.
pub fn restore(
    request: &ExportRequest,
    selection: Selection,
    language: Language,
) -> Result<ExportSpec, Refusal> {
    let groups = request.group.iter().map(|name| (name.clone(), Vec::new())).collect();
    let account = Account { groups, ..Account::default() };
    Ok(ExportSpec { selection, ..validate(request, &account, language)? })
}

/// Refuses a start (unix seconds) that lies further back than the account's history reaches, if that is limited.
///
/// # Errors
/// [`Code::InvalidStartTime`].
pub fn retention(start: i64, now: i64, history_days: Option<u32>) -> Result<(), Refusal> {
    match history_days {
        Some(days) if start < now - i64::from(days) * DAY_SECONDS => {
            let detail = format!(
                "StartTime is more than {days} days ago, and the account's history goes back {days} days."
            );
            Err(Refusal::new(Code::InvalidStartTime, detail))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::request::Scope;
    use crate::domain::{DomainSet, Pattern};

    #[test]
    fn a_restored_request_means_what_it_meant() {
        let patterns: Vec<Pattern> = ["a.com", "*.b.com"].into_iter().filter_map(Pattern::parse).collect();
        let account = Account {
            id: Some("12".into()),
            domains: patterns.iter().cloned().collect(),
            groups: [("shop".to_owned(), patterns)].into(),
            ..Account::default()
        };
        let request = ExportRequest {
            start_time: Some("2026-03-01T00:00:00Z".into()),
            end_time: Some("2026-03-02T00:00:00Z".into()),
            kind: Some("vas".into()),
            group: Some("shop".into()),
            aliuid: Some("12".into()),
            ..ExportRequest::default()
        };
        let spec = validate(&request, &account, Language::ZhCn).unwrap();
        let (account, wanted) = (spec.selection.account.texts(), spec.selection.wanted.texts());
        let set = |texts: &[String]| DomainSet::from_texts(texts.iter().map(String::as_str)).unwrap();
        let selection = Selection { account: set(&account), wanted: set(&wanted) };
        let restored =
            restore(&ExportRequest::from_parameters(&request.parameters()), selection, spec.language)
                .unwrap();
        assert_eq!(format!("{restored:?}"), format!("{spec:?}"));
        assert_eq!(restored.scope, Scope::Group("shop".into()));
    }

    #[test]
    fn history_ends_somewhere() {
        let now = 100 * DAY_SECONDS;
        assert_eq!(retention(0, now, None), Ok(()));
        assert_eq!(retention(0, now, Some(100)), Ok(()));
        let refusal = retention(-1, now, Some(100)).unwrap_err();
        assert_eq!(refusal.code, Code::InvalidStartTime);
    }
}
