//! The vocabulary of generated logs: what domains, paths, clients and garbage are made of.
//!
//! All names are invented or reserved for examples; user agents are those of common software.

/// A kind of file that an edge serves.
#[derive(Debug)]
pub(super) struct Kind {
    /// What its paths begin with.
    pub(super) folder: &'static str,
    /// What its paths end with.
    pub(super) ending: &'static str,
    /// Content type, as logged.
    pub(super) content_type: &'static str,
    /// Median size in bytes.
    pub(super) median: u64,
    /// Clients ask for pieces of it.
    pub(super) in_pieces: bool,
}

const fn kind(folder: &'static str, ending: &'static str, content_type: &'static str, median: u64) -> Kind {
    Kind { folder, ending, content_type, median, in_pieces: median >= 1 << 20 }
}

static PAGE: Kind = kind("/", ".html", "text/html; charset=utf-8", 14 << 10);
static LIST: Kind = kind("/list/", "/", "text/html;charset=UTF-8", 18 << 10);
static SCRIPT: Kind = kind("/static/js/", ".js", "application/javascript", 46 << 10);
static STYLE: Kind = kind("/static/css/", ".css", "text/css", 17 << 10);
static FONT: Kind = kind("/static/fonts/", ".woff2", "font/woff2", 24 << 10);
static PHOTO: Kind = kind("/images/2026/", ".jpg", "image/jpeg", 78 << 10);
static PICTURE: Kind = kind("/images/thumb/", ".webp", "image/webp", 21 << 10);
static ICON: Kind = kind("/static/icons/", ".png", "image/png", 5 << 10);
static ANSWER: Kind = kind("/api/v2/", ".json", "application/json; charset=utf-8", 1200);
static PLAYLIST: Kind = kind("/hls/live/", ".m3u8", "application/vnd.apple.mpegurl", 900);
static SEGMENT: Kind = kind("/hls/vod/", ".ts", "video/mp2t", 900 << 10);
static SONG: Kind = kind("/audio/", ".mp3", "audio/mpeg", 4 << 20);
static FILM: Kind = kind("/video/mp4/", ".mp4", "video/mp4", 38 << 20);
static ARCHIVE: Kind = kind("/download/", ".zip", "application/zip", 26 << 20);
static PACKAGE: Kind = kind("/release/apk/", ".apk", "application/vnd.android.package-archive", 47 << 20);
static DATA: Kind = kind("/files/", ".bin", "application/octet-stream", 600 << 10);

type Kinds = &'static [&'static Kind];

/// What a site serves: the more often a kind stands here, the more paths it has.
static SITE: Kinds =
    &[&PAGE, &PAGE, &LIST, &SCRIPT, &SCRIPT, &STYLE, &FONT, &PHOTO, &PHOTO, &PICTURE, &ICON, &ANSWER];
static PARTS: Kinds = &[&SCRIPT, &SCRIPT, &SCRIPT, &STYLE, &STYLE, &FONT, &ICON, &PICTURE, &ANSWER];
static PICTURES: Kinds = &[&PHOTO, &PHOTO, &PHOTO, &PICTURE, &PICTURE, &ICON];
static FILMS: Kinds = &[&SEGMENT, &SEGMENT, &SEGMENT, &PLAYLIST, &PLAYLIST, &FILM, &PICTURE, &SONG];
static DOWNLOADS: Kinds = &[&ARCHIVE, &PACKAGE, &DATA, &DATA, &SONG, &PAGE, &ICON];
static ANSWERS: Kinds = &[&ANSWER, &ANSWER, &ANSWER, &ANSWER, &PAGE];

/// First labels of domains, and what these serve.
pub(super) static SERVICES: [(&str, Kinds); 16] = [
    ("www", SITE),
    ("img", PICTURES),
    ("static", PARTS),
    ("video", FILMS),
    ("cdn", SITE),
    ("api", ANSWERS),
    ("m", SITE),
    ("download", DOWNLOADS),
    ("assets", PARTS),
    ("pic", PICTURES),
    ("vod", FILMS),
    ("files", DOWNLOADS),
    ("live", FILMS),
    ("media", PICTURES),
    ("open", ANSWERS),
    ("app", PARTS),
];

/// Second labels of domains.
pub(super) static BRANDS: [&str; 24] = [
    "shop", "news", "travel", "music", "games", "bank", "school", "health", "maps", "photo", "forum",
    "books", "cinema", "sport", "weather", "market", "recipes", "garden", "cars", "studio", "cloud", "mail",
    "jobs", "kids",
];

/// Last labels of domains, behind `example`.
pub(super) static TOP_LEVELS: [&str; 3] = ["com", "net", "org"];

/// Words in paths.
pub(super) static WORDS: [&str; 32] = [
    "index",
    "main",
    "app",
    "vendor",
    "banner",
    "cover",
    "detail",
    "summer-sale",
    "player",
    "avatar",
    "header",
    "product",
    "gallery",
    "update",
    "season2/episode",
    "trailer",
    "launcher",
    "map/tile",
    "user/profile",
    "search",
    "order/status",
    "chunk",
    "runtime",
    "polyfill",
    "hero",
    "logo",
    "sprite",
    "report",
    "lesson",
    "preview",
    "session",
    "theme/dark",
];

/// User agents, the more common ones first.
pub(super) static AGENTS: [&str; 24] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Mobile Safari/537.36",
    "okhttp/4.12.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.2 Safari/605.1.15",
    "Dalvik/2.1.0 (Linux; U; Android 11; M2012K11AC Build/RKQ1.200826.002)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "AppleCoreMedia/1.0.0.22D63 (iPhone; U; CPU OS 18_3 like Mac OS X; en_us)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:135.0) Gecko/20100101 Firefox/135.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x18003233) NetType/4G Language/zh_CN",
    "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.5735.196 HuaweiBrowser/15.0.4.312 Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (Linux; Android 13; 2211133C Build/TKQ1.220905.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MicroMessenger/8.0.47.2560(0x28002F35) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Lavf/58.76.100",
    "curl/8.5.0",
    "Wget/1.21.4",
    "python-requests/2.32.3",
    "-",
];

/// A user agent that holds what nothing escapes.
pub(super) const QUOTED_AGENT: &str =
    r#"Mozilla/5.0 (Linux; Android 9; "TV Box" Build/PPR1) ExoPlayerLib/2.18.7"#;

/// Lines that are no log lines at all.
pub(super) static GARBAGE: [&str; 6] = [
    "invalid log line format",
    "<html><head><title>502 Bad Gateway</title></head><body>",
    r#"{"error":"upstream timed out","request_id":"#,
    "kernel: Out of memory: Killed process 4711 (logshipper)",
    "-- MARK --",
    "null",
];

/// Dates that no calendar has.
pub(super) static NO_DATES: [&[u8]; 5] = [b"31/Feb", b"30/Feb", b"31/Apr", b"0/Mar", b"32/Jan"];

/// Response sizes that are none.
pub(super) static NO_SIZES: [&[u8]; 6] = [b"max", b"unknown", b"null", b"NaN", b"-1", b"12.5KB"];
