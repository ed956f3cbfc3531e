//! The responses of the operations: `CreateUsageDetailDataExportTask`, `DescribeUserUsageDetailDataExportTask`,
//! `DeleteUsageDetailDataExportTask`, and the envelope of refusals.
//!
//! The fields of each shape are in the alphabetical order of their names on the wire, as in all JSON of flowbook.

use super::code::{Code, Refusal};
use super::page::Page;
use super::request::{ExportSpec, Scope};
use crate::time::iso;
use serde::{Serialize, Serializer};
use std::hash::{BuildHasher, Hasher, RandomState};

/// The id of a response: `ED61C6C3-8241-4187-AAA7-5157AE175CEC`. Random, never in a workbook.
#[must_use]
pub fn request_id() -> String {
    let random = || u128::from(RandomState::new().build_hasher().finish());
    let bits = (random() << 64) | random();
    let part = |from: u32, len: u32| (bits >> from) & ((1 << len) - 1);
    let (variant, version) = (0x8000 | part(48, 14), 0x4000 | part(64, 12));
    format!("{:08X}-{:04X}-{version:04X}-{variant:04X}-{:012X}", part(96, 32), part(80, 16), part(0, 48))
}

/// The response of `CreateUsageDetailDataExportTask`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Created {
    /// The end of the range, as requested.
    pub end_time: String,
    /// The id of the response.
    pub request_id: String,
    /// The start of the range, as requested.
    pub start_time: String,
    /// The id of the task: a number.
    pub task_id: String,
}

impl Created {
    /// The response for an export that is registered as `task_id`.
    #[must_use]
    pub fn new(spec: &ExportSpec, task_id: String) -> Self {
        let [start_time, end_time] = [spec.asked.0, spec.asked.1].map(iso);
        Self { end_time, request_id: request_id(), start_time, task_id }
    }

    /// The response for an export that is run at once and registered nowhere: its id is a number that the same request
    /// always gets.
    #[must_use]
    pub fn unregistered(spec: &ExportSpec) -> Self {
        let scope = match &spec.scope {
            Scope::Account => ["account", ""],
            Scope::Group(name) => ["group", name],
            Scope::Domains => ["domains", ""],
        };
        let times = [spec.asked.0, spec.asked.1].map(iso);
        let wanted = spec.selection.wanted.texts().join(" ");
        let name = spec.name.as_deref().unwrap_or_default();
        let [[scope, group], [start, end]] = [scope, times.each_ref().map(String::as_str)];
        // FNV-1a over what the task is, so that the number depends on nothing else. What is between them stands in none.
        let text = [name, spec.kind.name(), start, end, scope, group, &wanted].join("\0");
        let hash = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        Self::new(spec, (hash >> 24).to_string())
    }
}

/// How far a task is, in the words of the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was created.
    Created,
    /// Its workbook was made.
    Success,
    /// The last attempt made no workbook.
    Failed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Created, Self::Success, Self::Failed];

    /// Its name in a response.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A whole number; written as text if JSON readers with 64 bits cannot read it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole(pub i128);

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(number) => serializer.serialize_i64(number),
            Err(_) => serializer.collect_str(&self.0),
        }
    }
}

/// How much usage has changed since a workbook was made. Not in the contract.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Changed {
    /// The change in bytes.
    pub bytes: Whole,
    /// The change in requests.
    pub requests: Whole,
    /// The windows that changed, of each domain.
    pub windows: usize,
}

/// The range of a task in a list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskConfig {
    /// The end of the range, as requested.
    pub end_time: String,
    /// The start of the range, as requested.
    pub start_time: String,
}

impl TaskConfig {
    /// The range from and until these unix seconds.
    #[must_use]
    pub fn new((start, end): (i64, i64)) -> Self {
        Self { end_time: iso(end), start_time: iso(start) }
    }
}

/// A task in the list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskItem {
    /// When it was created.
    pub create_time: String,
    /// Where the file can be downloaded; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download_url: Option<String>,
    /// How the usage has changed since the workbook was made; absent if it has not. Not in the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<Changed>,
    /// How far it is.
    pub status: Status,
    /// What it exports.
    pub task_config: TaskConfig,
    /// Its id.
    pub task_id: String,
    /// Its name; empty if it has none.
    pub task_name: String,
    /// When it was changed last.
    pub update_time: String,
}

/// The response of `DescribeUserUsageDetailDataExportTask`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Described {
    /// The id of the response.
    pub request_id: String,
    /// The page.
    pub usage_data_per_page: UsageDataPerPage,
}

/// A page of tasks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UsageDataPerPage {
    /// The tasks of the page.
    pub data: Data,
    /// Which page it is, from 1.
    pub page_number: u32,
    /// How many tasks a page has at most.
    pub page_size: u32,
    /// How many tasks there are on all pages.
    pub total_count: u64,
}

/// The tasks of a page: an object even if there are none.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Data {
    /// The tasks.
    pub data_item: Vec<TaskItem>,
}

impl Described {
    /// The response with the tasks of a page, of `total_count` on all pages.
    #[must_use]
    pub fn new(page: Page, total_count: u64, tasks: Vec<TaskItem>) -> Self {
        let usage_data_per_page = UsageDataPerPage {
            data: Data { data_item: tasks },
            page_number: page.number(),
            page_size: page.size(),
            total_count,
        };
        Self { request_id: request_id(), usage_data_per_page }
    }
}

/// The response of `DeleteUsageDetailDataExportTask`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Deleted {
    /// The id of the response.
    pub request_id: String,
}

impl Deleted {
    /// The response for tasks that are deleted.
    #[must_use]
    pub fn new() -> Self {
        Self { request_id: request_id() }
    }
}

impl Default for Deleted {
    fn default() -> Self {
        Self::new()
    }
}

/// The envelope of a refusal or a failure.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// The code of the error table.
    pub code: &'static str,
    /// Its message.
    pub message: &'static str,
    /// What was wrong, and what to do.
    pub recommend: String,
    /// The id of the response.
    pub request_id: String,
}

impl Failure {
    /// What breaks a rule of the contract.
    #[must_use]
    pub fn refused(refusal: &Refusal) -> Self {
        Self::of(refusal.code, refusal.detail.clone())
    }

    /// A request that cannot be carried out although it breaks no rule of the contract.
    #[must_use]
    pub fn wrong(detail: String) -> Self {
        Self::of(Code::InvalidParameter, detail)
    }

    /// A right request that failed.
    #[must_use]
    pub fn internal(detail: String) -> Self {
        let (code, message) = ("InternalError", "The job failed.");
        Self { code, message, recommend: detail, request_id: request_id() }
    }

    fn of(code: Code, recommend: String) -> Self {
        Self { code: code.wire(), message: code.message(), recommend, request_id: request_id() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::{Account, ExportRequest, validate};
    use super::*;
    use crate::domain::Pattern;
    use crate::locale::Language;

    #[test]
    fn request_ids_are_uuids() {
        let id = request_id();
        let lens: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lens, [8, 4, 4, 4, 12]);
        assert!(id.as_bytes()[14] == b'4' && b"89AB".contains(&id.as_bytes()[19]));
        assert_ne!(id, request_id());
    }

    /// The number is written down by those who asked: that of a request is never another one.
    #[test]
    fn the_id_of_an_export_that_is_registered_nowhere_stays() {
        let id = |name: Option<&str>, group: Option<&str>, domains: Option<&str>| {
            let [start_time, end_time] =
                ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"].map(|time| Some(time.into()));
            let [task_name, group, domain_names] = [name, group, domains].map(|text| text.map(String::from));
            let request = ExportRequest {
                start_time,
                end_time,
                kind: Some("flow".into()),
                task_name,
                group,
                domain_names,
                ..ExportRequest::default()
            };
            let shop = Pattern::parse("*.a.com").into_iter().collect();
            let account = Account { groups: [("shop".to_owned(), shop)].into(), ..Account::default() };
            Created::unregistered(&validate(&request, &account, Language::EnUs).unwrap()).task_id
        };
        let ids = [
            id(None, None, None),
            id(Some("March"), None, None),
            id(None, Some("shop"), None),
            id(None, None, Some("*.a.com")),
            id(None, None, Some("a.com,b.com")),
        ];
        assert_eq!(ids, ["975772899756", "228293575440", "908001566570", "566952964697", "1059462628891"]);
    }

    fn described() -> Described {
        let item = TaskItem {
            create_time: iso(0),
            download_url: None,
            stale: Some(Changed { bytes: Whole(i128::from(i64::MAX) + 1), requests: Whole(-1), windows: 1 }),
            status: Status::Created,
            task_config: TaskConfig::new((300, 600)),
            task_id: "11".into(),
            task_name: String::new(),
            update_time: iso(900),
        };
        let page = Page::new(None, Some("3")).unwrap();
        Described { request_id: "id".into(), ..Described::new(page, 41, vec![item]) }
    }

    #[test]
    fn a_list_has_the_shape_of_the_operation() {
        let text = serde_json::to_string(&described()).unwrap();
        let expected = r#"{"RequestId":"id","UsageDataPerPage":{"Data":{"DataItem":[{"CreateTime":"1970-01-01T00:00:00Z","Stale":{"Bytes":"9223372036854775808","Requests":-1,"Windows":1},"Status":"created","TaskConfig":{"EndTime":"1970-01-01T00:10:00Z","StartTime":"1970-01-01T00:05:00Z"},"TaskId":"11","TaskName":"","UpdateTime":"1970-01-01T00:15:00Z"}]},"PageNumber":3,"PageSize":20,"TotalCount":41}}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_refused_has_the_envelope_of_the_operation() {
        let failure = Failure::refused(&Refusal::new(Code::InvalidProduct, "Product is wrong."));
        let text = serde_json::to_string(&Failure { request_id: "id".into(), ..failure }).unwrap();
        let expected = r#"{"Code":"InvalidParameterProduct","Message":"Invalid Parameter Product.","Recommend":"Product is wrong.","RequestId":"id"}"#;
        assert_eq!(text, expected);
        assert_eq!(Failure::wrong(String::new()).code, "InvalidParameter");
        assert_eq!(Failure::internal(String::new()).message, "The job failed.");
    }

    #[test]
    fn fields_stand_in_the_order_of_the_alphabet() {
        let sorted = |value: &serde_json::Value, text: String| assert_eq!(value.to_string(), text);
        let text = serde_json::to_string(&described()).unwrap();
        sorted(&serde_json::from_str(&text).unwrap(), text);
        let created =
            Created { end_time: iso(0), request_id: request_id(), start_time: iso(0), task_id: "1".into() };
        let text = serde_json::to_string(&created).unwrap();
        sorted(&serde_json::from_str(&text).unwrap(), text);
        let text = serde_json::to_string(&Failure::internal(String::new())).unwrap();
        sorted(&serde_json::from_str(&text).unwrap(), text);
    }
}
