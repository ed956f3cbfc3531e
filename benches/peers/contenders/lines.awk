# Usage per minute of native log lines, split at quotes; `windows.awk` makes windows of it.
# A quoted referer shifts the fields by two.
BEGIN { FS = "\"" }
{
    if ($3 == " ") { request = $4; split($5, answer, " ") } else { request = $6; split($7, answer, " ") }
    host = ""
    if (index(request, "://")) {
        split(request, part, "/")
        host = part[3]
        if (colon = index(host, ":")) host = substr(host, 1, colon - 1)
    }
    key = host " " substr($1, 1, index($1, " ") - 4)
    bytes[key] += answer[3]
    requests[key]++
}
END { for (key in requests) printf "%s %.0f %d\n", key, bytes[key], requests[key] }
