//! Requests that are kept: their parameters by name, and what they mean when the configuration has moved on.

use super::{Account, ExportRequest, ExportSpec, validate};
use crate::contract::code::{Code, Refusal};
use crate::domain::Selection;
use crate::locale::Language;
use crate::time::DAY_SECONDS;
use std::collections::BTreeMap;

/// The parameters' names, in the contract's spelling.
const NAMES: [&str; 18] = [
    "StartTime",
    "EndTime",
    "Type",
    "Group",
    "DomainNames",
    "TaskName",
    "Language",
    "Product",
    "Dimension",
    "BillType",
    "Aliuid",
    "Operator",
    "TimeZone",
    "TrafficFactor",
    "Rows",
    "Samples",
    "Fold",
    "MaxRows",
];

impl ExportRequest {
    /// In the order of [`NAMES`].
    fn fields(&mut self) -> [&mut Option<String>; NAMES.len()] {
        [
            &mut self.start_time,
            &mut self.end_time,
            &mut self.kind,
            &mut self.group,
            &mut self.domain_names,
            &mut self.task_name,
            &mut self.language,
            &mut self.product,
            &mut self.dimension,
            &mut self.bill_type,
            &mut self.aliuid,
            &mut self.operator,
            &mut self.time_zone,
            &mut self.traffic_factor,
            &mut self.rows,
            &mut self.samples,
            &mut self.fold,
            &mut self.max_rows,
        ]
    }

    /// Every parameter that was given, also an empty one, by its name in the contract's spelling.
    #[must_use]
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let mut copy = self.clone();
        let fields = NAMES.into_iter().zip(copy.fields());
        fields.filter_map(|(name, field)| Some((name.to_owned(), field.take()?))).collect()
    }

    /// The request with these parameters; names that are none of the request's are left out.
    #[must_use]
    pub fn from_parameters(parameters: &BTreeMap<String, String>) -> Self {
        let mut request = Self::default();
        for (name, field) in NAMES.into_iter().zip(request.fields()) {
            *field = parameters.get(name).cloned();
        }
        request
    }
}

/// What a request that was valid once asks for, whatever the account and its groups hold by now: `selection` is what
/// they meant then, `language` what was used where the request names none.
///
/// # Errors
/// When it was never valid.
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
            let detail =
                format!("StartTime lies more than {days} days back, as far as the account's history.");
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn parameters_are_kept_exactly(values in proptest::collection::vec(proptest::option::of(".{0,9}"), NAMES.len())) {
            let mut request = ExportRequest::default();
            request.fields().into_iter().zip(values).for_each(|(field, value)| *field = value);
            let read = ExportRequest::from_parameters(&request.parameters());
            prop_assert_eq!(format!("{read:?}"), format!("{request:?}"));
        }
    }
}
