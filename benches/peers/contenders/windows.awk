# Merges what `lines.awk` gives, from "HOST [D/Mon/YYYY:HH:MM BYTES REQUESTS" to windows of five minutes.
# A line without a host begins with a space.
BEGIN { FS = " "; OFS = "," }
{
    host = NF == 4 ? tolower($1) : ""
    split($(NF - 2), t, /[\[\/:]/)
    month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", t[3]) + 2) / 3
    year = t[4] - (month < 3)
    day = 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * ((month + 9) % 12) + 2) / 5) + t[2] - 719469
    minutes = day * 1440 + t[5] * 60 + t[6] - 480
    key = host OFS (minutes - minutes % 5) * 60
    bytes[key] += $(NF - 1)
    requests[key] += $NF
}
END { for (key in requests) printf "%s,%.0f,%d\n", key, bytes[key], requests[key] }
