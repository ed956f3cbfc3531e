//! Every word that a reader of a workbook sees, both languages in one row. Nothing else is translated, and
//! no other file holds text that is not ASCII.

pub use crate::language::Language;
use crate::record::Reason;
use std::borrow::Cow;

macro_rules! labels {
    ($($name:ident: $en:literal, $zh:literal;)*) => {
        /// A word or phrase of the workbook.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the English text beside each name says it")]
        pub enum Label { $($name),* }

        impl Label {
            /// Every label.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The text in a language.
            #[must_use]
            pub const fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::EnUs) => $en, (Self::$name, Language::ZhCn) => $zh,)*
                }
            }
        }
    };
}

labels! {
    // Sheets
    Summary: "Summary", "概览";
    Daily: "Daily", "每日";
    Account: "Account", "账户明细";
    Domains: "Domains", "域名汇总";
    Detail: "Detail", "域名明细";
    DataQuality: "Data Quality", "数据核对";
    Sources: "Sources", "日志来源";
    // Summary: the task
    Title: "CDN Usage Details", "CDN 用量明细";
    Task: "Task", "任务";
    TaskName: "Task Name", "任务名称";
    TaskId: "Task ID", "任务 ID";
    Type: "Type", "类型";
    Flow: "flow: traffic and bandwidth", "flow：流量带宽";
    Vas: "vas: requests", "vas：请求数";
    Scope: "Scope", "导出范围";
    Folds: "Hosts Counted as One Domain", "合并为一个域名的主机";
    WholeAccount: "All domains of the account", "账户下全部域名";
    Group: "Group", "域名分组";
    NamedDomains: "Selected domains", "指定域名";
    DomainCount: "Number of Domains", "域名数";
    StartTime: "Start Time", "开始时间";
    EndTime: "End Time (exclusive)", "结束时间 (不含)";
    TimeZone: "Time Zone", "时区";
    Region: "Region", "计费区域";
    AllRegions: "All", "全部";
    TrafficFactor: "Traffic Factor", "流量系数";
    BillType: "Billing Method", "计费方式";
    DetailRows: "Detail Rows", "明细行";
    SparseRows: "Only slices with a request; the figures count all", "仅含有请求的时段；各指标按全部时段计算";
    Operator: "Operator", "操作人";
    Made: "Made", "生成时间";
    MadeBy: "Made By", "生成程序";
    FormatOf: "flowbook {version}, format version {format}", "flowbook {version}，格式版本 {format}";
    DetailSheets: "Detail Sheets", "明细工作表";
    FirstDomain: "First Domain", "首个域名";
    LastDomain: "Last Domain", "末个域名";
    Rows: "Rows", "行数";
    DomainsHere: "Domains", "域名数";
    // Summary: key figures
    KeyFigures: "Key Figures", "关键指标";
    Value: "Value", "数值";
    Readable: "In Short", "换算值";
    When: "When", "时间";
    Billed: "Billed", "计费项";
    TotalTraffic: "Total Traffic (bytes)", "总流量 (字节)";
    PeakBandwidth: "Peak Bandwidth (bps)", "峰值带宽 (bps)";
    AverageBandwidth: "Average Bandwidth (bps)", "平均带宽 (bps)";
    Percentile95: "95th Percentile (bps)", "95 峰值 (bps)";
    AverageDailyPeak: "Average of Daily Peaks (bps)", "日峰值月平均 (bps)";
    FourthDailyPeak: "4th Daily Peak (bps)", "第四峰值 (bps)";
    AverageDaily95: "Average Daily 95th Percentile (bps)", "日 95 峰值月平均 (bps)";
    NightHalf95: "Night-Half 95th Percentile (bps)", "夜间减半 95 峰值 (bps)";
    HitRatioBytes: "Hit Ratio (bytes)", "字节命中率";
    HitRatioRequests: "Hit Ratio (requests)", "请求命中率";
    ClientErrors: "4xx Share of Requests", "4xx 请求占比";
    ServerErrors: "5xx Share of Requests", "5xx 请求占比";
    PeakRequests: "Peak Requests (5 min)", "峰值请求数 (5 分钟)";
    Percentile95Requests: "95th Percentile (requests, 5 min)", "95 峰值 (请求数, 5 分钟)";
    BusiestDay: "Busiest Day (requests)", "请求数最高日";
    Total: "Total", "合计";
    Dash: "\u{2014}", "\u{2014}";
    // Summary: how complete the data is
    Completeness: "Data", "数据完整性";
    HoursWithLog: "Hours With a Log", "有日志的小时";
    OfHours: "{with} of {all}", "{with} / {all}";
    DomainHours: "Domain x Hour With a Log", "有日志的域名小时";
    OfDomainHours: "{with} of {all} ({share})", "{with} / {all} ({share})";
    OfLines: "{some} of {all} lines", "{some} / {all} 行";
    // Summary: bill types in words
    BillsTraffic: "total traffic", "总流量";
    BillsDailyPeak: "peak bandwidth of each day", "每日峰值带宽";
    BillsPercentile95: "95th percentile bandwidth of the range", "95 峰值带宽";
    BillsAverageDailyPeak: "average of daily peak bandwidths", "日峰值带宽月平均";
    BillsFourthDailyPeak: "4th highest daily peak bandwidth", "第四峰值带宽";
    BillsAverageDaily95: "average of daily 95th percentiles", "日 95 峰值带宽月平均";
    BillsNightHalf95: "95th percentile bandwidth, nights at half", "夜间减半 95 峰值带宽";
    BillsDaily95: "95th percentile bandwidth of each day", "每日 95 峰值带宽";
    BillsRequests: "all requests", "全部请求数";
    BillsHttpsRequests: "HTTPS requests", "HTTPS 请求数";
    BillsQuicRequests: "QUIC requests", "QUIC 请求数";
    // Summary: notes
    Notes: "Notes", "说明";
    NoteUnits: "1 GB = 1024 MB = 1024\u{b3} bytes. Bandwidth = bytes x 8 / 300 s per five-minute slice; 1 Mbps = 1,000,000 bps.",
        "1 GB = 1024 MB = 1024\u{b3} 字节。带宽 = 每 5 分钟字节数 x 8 / 300 秒；1 Mbps = 1,000,000 bps。";
    NotePercentile: "95th percentile: of {all} slices the {dropped} highest are dropped; the next one, rank {rank}, is the figure.",
        "95 峰值：{all} 个 5 分钟时段按带宽从高到低排序，去掉最高的 {dropped} 个，取第 {rank} 个。";
    NoteNight: "Night-half: slices from 00:00 to 08:00 in the report's zone count half before the percentile is taken.",
        "夜间减半：报表时区 00:00 至 08:00 的时段先减半，再取 95 峰值。";
    NoteRequests: "Requests are counted in slices of five minutes. Other: other schemes, or logs that cannot tell.",
        "请求数按 5 分钟时段统计。其他：其他协议，或日志无法区分协议。";
    NoteHours: "An hour (UTC) has a log where a file's name tells it, or where logs of other names hold a request in it.",
        "某小时 (UTC) 有日志：文件名标明该小时，或其他名称的日志在该小时内有请求。";
    NoteBilledDaily: "What bills each day is the marked column of the sheet Daily.", "按日计费的数值见“每日”工作表中突出显示的列。";
    NoteNone: "\u{2014}: the figure does not exist, such as the 4th daily peak of fewer than four days.",
        "\u{2014}：该指标不存在，例如不足四天时的第四峰值。";
    FirstPage: "Only the first page is printed; {rows} rows in all", "仅打印首页，共 {rows} 行";
    // Columns
    UtcOffset: "UTC Offset", "UTC 偏移";
    Rank: "Rank (top {dropped} dropped)", "排名 (前 {dropped} 去掉)";
    ShortName: "Short Name", "简称";
    Hour: "Hour", "小时";
    Time: "Time", "时间";
    Date: "Date", "日期";
    DomainName: "Domain Name", "域名";
    Traffic: "Traffic (bytes)", "流量 (字节)";
    TrafficGb: "Traffic (GB)", "流量 (GB)";
    LoggedTraffic: "Logged Traffic (bytes)", "日志流量 (字节)";
    Bandwidth: "Bandwidth (bps)", "带宽 (bps)";
    Requests: "Requests", "请求数";
    HttpsRequests: "HTTPS Requests", "HTTPS 请求数";
    QuicRequests: "QUIC Requests", "QUIC 请求数";
    HttpRequests: "HTTP Requests", "HTTP 请求数";
    OtherRequests: "Other Requests", "其他请求数";
    PeakTime: "Peak Time", "峰值时间";
    Share: "Share", "占比";
    HitRatio: "Hit Ratio", "命中率";
    // Charts
    BandwidthOverTime: "Bandwidth", "带宽趋势";
    RequestsOverTime: "Requests by Protocol (5 min)", "各协议请求数 (5 分钟)";
    DailyTraffic: "Daily Traffic", "每日流量";
    DailyRequests: "Daily Requests", "每日请求数";
    HourlyTraffic: "Hourly Traffic", "每小时流量";
    HourlyRequests: "Hourly Requests", "每小时请求数";
    TopDomains: "Top Ten Domains", "域名 Top 10";
    BandwidthAxis: "Bandwidth", "带宽";
    TrafficAxis: "Traffic (GB)", "流量 (GB)";
    RequestsAxis: "Requests", "请求数";
    Percentile95Line: "95th percentile", "95 峰值";
    // Data quality
    Lines: "Lines", "日志行";
    LinesRead: "Lines Read", "读取行数";
    Accepted: "Accepted", "计入";
    OutsideRange: "Outside the Range", "时间范围外";
    OtherDomains: "Other Domains", "其他域名";
    Rejected: "Rejected", "无法解析";
    Blank: "Blank", "空行";
    Skipped: "Skipped by the format (no entries)", "按格式跳过的行 (非日志)";
    Balance: "Read = Accepted + Out of Scope + Rejected + Blank", "读取 = 计入 + 范围外 + 无法解析 + 空行";
    BalanceWithSkipped: "Read = Accepted + Out of Scope + Rejected + Blank + Skipped", "读取 = 计入 + 范围外 + 无法解析 + 空行 + 跳过";
    Balanced: "Yes", "是";
    Unbalanced: "NO", "否";
    LateLines: "Late Lines (before the hour of their file)", "迟到行 (早于文件时段)";
    Late: "Late", "迟到";
    LateBySource: "Late Lines by Source", "各来源迟到行数";
    FirstLateSlice: "First Late Slice", "最早迟到时段";
    HowLate: "How Late (h:mm)", "最长迟到 (时:分)";
    Count: "Count", "数量";
    Source: "Source", "日志来源";
    Size: "Size (bytes)", "文件大小 (字节)";
    Status: "Status", "状态";
    Complete: "Complete", "完整";
    Incomplete: "Incomplete", "不完整";
    NoLines: "No lines", "没有日志行";
    Faults: "Sources Not Read to Their End", "未完整读取的文件";
    Duplicates: "Duplicate Sources That Were Skipped", "已跳过的重复来源";
    SameAs: "Same As", "与之相同";
    Overlaps: "Sources That May Count Twice", "可能重复计数的来源";
    AndAlso: "And Also", "以及";
    Padding: "Blanks Behind Compressed Data (count nothing)", "压缩数据之后的空白 (不计入)";
    Bytes: "Bytes", "字节";
    Samples: "Samples of Rejected Lines", "无法解析行示例";
    LineNotShown: "(line not shown)", "（该行不显示）";
    Line: "Line", "行号";
    RejectedBySource: "Rejected Lines by Source", "各来源无法解析行数";
    Reason: "Reason", "原因";
    MissingHours: "Hours Without a Log", "缺失的日志小时";
    FirstSlice: "First Slice With Data", "最早有数据的时段";
    LastSlice: "Last Slice With Data", "最后有数据的时段";
    SilentSlices: "Slices Without Any Line Inside the Data's Span", "数据跨度内无任何日志的时段";
    From: "From", "起";
    Until: "Until (exclusive)", "止 (不含)";
    Hours: "Hours", "小时数";
    Slices: "Slices", "时段数";
    None: "None", "无";
    NotShown: "Not shown", "未列出";
    Elsewhere: "Other sources, out of scope", "范围外的其他日志";
    // Reasons
    TooLong: "Line longer than 1 MiB", "行长度超过 1 MiB";
    BadTime: "Time stamp missing or impossible", "时间戳缺失或无效";
    BadRequest: "No \"METHOD URL\" request", "缺少 \"METHOD URL\" 请求";
    BadStatus: "Status is not three digits", "状态码不是三位数字";
    BadSize: "Response size blank or not a number", "响应大小为空或非数字";
    HugeSize: "Response size above 1 PiB", "响应大小超过 1 PiB";
    BadCache: "Cache result not understood", "无法识别缓存结果";
    BadDomain: "Host is no valid domain", "主机名不是有效域名";
    NoDomain: "No host in URL or file name", "URL 与文件名均无域名";
    Welded: "Several entries on one line", "一行中有多条日志";
    Ambiguous: "More than one request could be read", "可解读为多个请求";
    BadShape: "Not the fields of the format", "字段与日志格式不符";
}

impl Label {
    /// Why a line was rejected.
    #[must_use]
    pub const fn of_reason(reason: Reason) -> Self {
        match reason {
            Reason::TooLong => Self::TooLong,
            Reason::BadTime => Self::BadTime,
            Reason::BadRequest => Self::BadRequest,
            Reason::BadStatus => Self::BadStatus,
            Reason::BadSize => Self::BadSize,
            Reason::HugeSize => Self::HugeSize,
            Reason::BadCache => Self::BadCache,
            Reason::BadDomain => Self::BadDomain,
            Reason::NoDomain => Self::NoDomain,
            Reason::Welded => Self::Welded,
            Reason::Ambiguous => Self::Ambiguous,
            Reason::BadShape => Self::BadShape,
        }
    }
}

/// A text no wider than `width` digits: cut, with an ellipsis, where it is.
#[must_use]
pub fn shortened(text: &str, width: usize) -> Cow<'_, str> {
    if display_width(text) <= width {
        return text.into();
    }
    // The ellipsis may be as wide as an East Asian character.
    let (mut kept, mut left) = (String::new(), width.saturating_sub(2));
    for c in text.chars() {
        let wide = if c.is_ascii() { 1 } else { 2 };
        let Some(rest) = left.checked_sub(wide) else { break };
        left = rest;
        kept.push(c);
    }
    (kept + "\u{2026}").into()
}

/// How wide a text stands in a cell, in digits: East Asian characters take two.
#[must_use]
pub fn display_width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels that are all placeholders.
    const HAVE_NO_WORD: [Label; 2] = [Label::OfHours, Label::OfDomainHours];

    #[test]
    fn every_label_has_both_languages() {
        for label in Label::ALL {
            let (en, zh) = (label.text(Language::EnUs), label.text(Language::ZhCn));
            assert!(
                !en.is_empty() && en.chars().all(|c| c.is_ascii() || "\u{2014}\u{b3}".contains(c)),
                "{label:?}"
            );
            assert!(!zh.is_ascii() || HAVE_NO_WORD.contains(label), "{label:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(shortened("www.example.com", 15), "www.example.com");
        assert_eq!(shortened("www.example.com", 14), "www.example.\u{2026}");
        assert_eq!(shortened("\u{57df}\u{540d}\u{660e}\u{7ec6}", 7), "\u{57df}\u{540d}\u{2026}");
        assert_eq!(shortened("abc", 0), "\u{2026}");
    }

    #[test]
    fn languages_are_found() {
        assert_eq!(Language::from_name("ZH-cn"), Some(Language::ZhCn));
        assert_eq!(Language::from_name("zh"), None);
        assert_eq!(Language::from_locale("zh_TW.UTF-8"), Language::ZhCn);
        assert_eq!(Language::from_locale("C"), Language::EnUs);
        assert_eq!(Language::from_locale(""), Language::EnUs);
    }
}
