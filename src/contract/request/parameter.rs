//! The parameters of a request, one row for each: its names in requests and in files, and where it is kept.

use super::ExportRequest;
use std::collections::BTreeMap;

/// A parameter of a request.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name on the wire: `StartTime`.
    pub wire: &'static str,
    /// The name in lists and configurations, and, with hyphens, as an option: `start_time`.
    pub key: &'static str,
    field: fn(&mut ExportRequest) -> &mut Option<String>,
}

const fn parameter(
    wire: &'static str,
    key: &'static str,
    field: fn(&mut ExportRequest) -> &mut Option<String>,
) -> Parameter {
    Parameter { wire, key, field }
}

impl Parameter {
    /// Every parameter. `TimeZone`, `TrafficFactor`, `Rows`, `Samples`, `Fold`, `MaxRows` and `Overlaps` are flowbook's
    /// own; the others are the contract's.
    pub const ALL: [Self; 19] = [
        parameter("TaskName", "task_name", |r| &mut r.task_name),
        parameter("Type", "type", |r| &mut r.kind),
        parameter("StartTime", "start_time", |r| &mut r.start_time),
        parameter("EndTime", "end_time", |r| &mut r.end_time),
        parameter("DomainNames", "domain_names", |r| &mut r.domain_names),
        parameter("Group", "group", |r| &mut r.group),
        parameter("Language", "language", |r| &mut r.language),
        parameter("TimeZone", "time_zone", |r| &mut r.time_zone),
        parameter("TrafficFactor", "traffic_factor", |r| &mut r.traffic_factor),
        parameter("Rows", "rows", |r| &mut r.rows),
        parameter("BillType", "bill_type", |r| &mut r.bill_type),
        parameter("Samples", "samples", |r| &mut r.samples),
        parameter("Fold", "fold", |r| &mut r.fold),
        parameter("MaxRows", "max_rows", |r| &mut r.max_rows),
        parameter("Overlaps", "overlaps", |r| &mut r.overlaps),
        parameter("Product", "product", |r| &mut r.product),
        parameter("Dimension", "dimension", |r| &mut r.dimension),
        parameter("Aliuid", "aliuid", |r| &mut r.aliuid),
        parameter("Operator", "operator", |r| &mut r.operator),
    ];

    /// The text of this parameter in a request.
    pub fn of(self, request: &mut ExportRequest) -> &mut Option<String> {
        (self.field)(request)
    }
}

impl ExportRequest {
    /// Every parameter that was given, also an empty one, by its name on the wire.
    #[must_use]
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let mut copy = self.clone();
        let given =
            Parameter::ALL.into_iter().filter_map(|one| Some((one.wire.into(), one.of(&mut copy).take()?)));
        given.collect()
    }

    /// The request with these parameters; unknown names are ignored.
    #[must_use]
    pub fn from_parameters(parameters: &BTreeMap<String, String>) -> Self {
        let mut request = Self::default();
        for one in Parameter::ALL {
            *one.of(&mut request) = parameters.get(one.wire).cloned();
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_the_names_on_the_wire_in_lower_case() {
        for one in Parameter::ALL {
            let mut key = String::new();
            for (at, c) in one.wire.char_indices() {
                key.extend((at > 0 && c.is_ascii_uppercase()).then_some('_'));
                key.push(c.to_ascii_lowercase());
            }
            assert_eq!(one.key, key);
        }
    }

    proptest! {
        #[test]
        fn parameters_are_kept_exactly(values in proptest::collection::vec(proptest::option::of(".{0,9}"), Parameter::ALL.len())) {
            let mut request = ExportRequest::default();
            Parameter::ALL.into_iter().zip(values).for_each(|(one, value)| *one.of(&mut request) = value);
            let read = ExportRequest::from_parameters(&request.parameters());
            prop_assert_eq!(format!("{read:?}"), format!("{request:?}"));
        }
    }
}
