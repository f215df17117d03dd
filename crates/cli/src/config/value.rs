//! How one setting's text becomes a value: sizes, times, shares, addresses. Errors say what would be right.

use std::fmt::Display;
use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// Bytes in a MiB.
const MIB: u64 = 1 << 20;
/// What a machine is taken to have when it does not say.
const UNKNOWN_MEMORY: u64 = 4096 * MIB;

/// A number within a range.
pub fn number<T>(text: &str, range: RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    let (low, high) = (range.start(), range.end());
    let wanted = || format!("must be a number from {low} to {high}");
    let value: T = text.trim().parse().map_err(|_| wanted())?;
    if range.contains(&value) { Ok(value) } else { Err(wanted()) }
}

/// A time with its unit: `250ms`, `10s`, `2m`, `24h`, `7d`.
pub fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let wanted = || {
        let (low, high) = (spoken(*range.start()), spoken(*range.end()));
        format!("must be a time with its unit from {low} to {high}, like 10s, 5m or 24h")
    };
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let millis: u64 = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wanted()),
    };
    let count: f64 = digits.trim_end().parse().map_err(|_| wanted())?;
    let value = Duration::try_from_secs_f64(count * millis as f64 / 1_000.0).map_err(|_| wanted())?;
    if range.contains(&value) { Ok(value) } else { Err(wanted()) }
}

/// Times separated by commas.
pub fn durations(text: &str, range: RangeInclusive<Duration>) -> Result<Vec<Duration>, String> {
    items(text).map(|item| duration(item, range.clone())).collect()
}

/// A time in its largest whole unit.
pub fn spoken(time: Duration) -> String {
    let millis = time.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = units.into_iter().find(|(size, _)| millis > 0 && millis.is_multiple_of(*size));
    unit.map_or_else(|| format!("{millis}ms"), |(size, name)| format!("{}{name}", millis / size))
}

/// Yes or no.
pub fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err("must be true or false".into()),
    }
}

/// `HOST:PORT`; a host name is looked up.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let wanted = "must be HOST:PORT, like 127.0.0.1:8080 or [::]:8080";
    let mut found = text.trim().to_socket_addrs().map_err(|_| wanted.to_owned())?;
    found.next().ok_or_else(|| wanted.into())
}

/// An absolute http or https address without a slash at its end.
pub fn web_address(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains([' ', '?', '#']) => Ok(text.to_owned()),
        _ => {
            Err("must begin with http:// or https:// and name a host, like https://photos.example.org".into())
        }
    }
}

/// Bytes: a share of the machine's memory (`50%`) or a size with its unit (`6GiB`, `800MiB`).
pub fn memory(text: &str) -> Result<u64, String> {
    let wanted =
        || "must be a share of the machine's memory like 50%, or a size like 800MiB or 6GiB".to_owned();
    let text = text.trim();
    if let Some(share) = text.strip_suffix('%') {
        let share = number::<f64>(share, 1.0..=100.0).map_err(|_| wanted())?;
        return Ok((machine_memory() as f64 * share / 100.0) as u64);
    }
    let (count, unit) = match (text.strip_suffix("GiB"), text.strip_suffix("MiB")) {
        (Some(count), _) => (count, 1024 * MIB),
        (_, Some(count)) => (count, MIB),
        _ => return Err(wanted()),
    };
    let count = number::<f64>(count, 0.001..=1_000_000.0).map_err(|_| wanted())?;
    let bytes = (count * unit as f64) as u64;
    if bytes >= 64 * MIB {
        Ok(bytes)
    } else {
        Err("must be 64MiB at least: one small picture needs that".into())
    }
}

/// What this process may use: the machine's memory, or the limit of its control group where that is less.
pub fn machine_memory() -> u64 {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_of(&text));
    let fenced = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok())
        .min();
    total.into_iter().chain(fenced).min().unwrap_or(UNKNOWN_MEMORY)
}

fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

/// Bytes as people say them.
pub fn spoken_bytes(bytes: u64) -> String {
    if bytes >= 1024 * MIB {
        format!("{:.1} GiB", bytes as f64 / (1024 * MIB) as f64)
    } else {
        format!("{} MiB", bytes / MIB)
    }
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(1_000_000);

    #[test]
    fn times_carry_their_unit() {
        for (text, millis) in
            [("250ms", 250), ("10s", 10_000), ("2m", 120_000), ("24h", 86_400_000), ("1.5s", 1_500)]
        {
            assert_eq!(duration(text, ANY), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "s", "-1s", "10 parsecs", "1e400s"] {
            assert!(duration(text, ANY).is_err(), "{text}");
        }
        assert_eq!(durations("2s, 10s", ANY), Ok(vec![Duration::from_secs(2), Duration::from_secs(10)]));
        let error = duration("2h", Duration::from_secs(1)..=Duration::from_secs(3600)).expect_err("too long");
        assert!(error.contains("from 1s to 1h"), "{error}");
        assert_eq!(spoken(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn memory_is_a_share_or_a_size() {
        assert_eq!(memory("800MiB"), Ok(800 * MIB));
        assert_eq!(memory("1.5GiB"), Ok(1536 * MIB));
        let half = memory("50%").expect("a share");
        assert!(half > 0 && half <= machine_memory() / 2 + 1);
        for text in ["0%", "200%", "12", "1MiB", "many"] {
            assert!(memory(text).is_err(), "{text}");
        }
        assert_eq!(total_of("MemTotal:       16316412 kB\nMemFree: 1 kB"), Some(16_316_412 * 1024));
    }

    #[test]
    fn addresses_are_checked() {
        assert!(address("127.0.0.1:0").is_ok() && address("[::]:80").is_ok());
        assert!(address("127.0.0.1").is_err() && address("").is_err());
        assert_eq!(web_address("https://a.example/"), Ok("https://a.example".into()));
        assert!(web_address("a.example").is_err() && web_address("http://").is_err());
    }
}
