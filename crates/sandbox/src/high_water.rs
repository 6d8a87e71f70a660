//! The most memory that a living process has had, without the files that it maps: what it has given back again is in no
//! control group's counter of now, and the counters of the highest count page cache.

/// A tree of many processes is looked at no further: this is a figure for a log.
const PROCESSES: usize = 16;

/// Bytes, of the one among `pids` (as the host names them) that has had the most.
#[expect(clippy::disallowed_methods, reason = "the kernel's files about processes, and this room is their door")]
pub(crate) fn of(pids: &[i32]) -> u64 {
    // One that has died meanwhile has told its own.
    let status = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/status")).ok();
    pids.iter().take(PROCESSES).filter_map(status).map(|text| highest(&text)).max().unwrap_or(0)
}

fn highest(status: &str) -> u64 {
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    kib("VmHWM:").unwrap_or(0).saturating_sub(kib("RssFile:").unwrap_or(0)) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_files_do_not_count() {
        assert_eq!(highest("Name:\tx\nVmHWM:\t  131072 kB\nVmRSS:\t 9216 kB\nRssFile:\t    8192 kB\n"), 122_880 << 10);
        assert_eq!(highest("Name:\tkthread\n"), 0);
    }

    #[test]
    fn our_own_is_known() {
        assert!(of(&[std::process::id().cast_signed()]) > 0);
        assert_eq!(of(&[-1]), 0);
    }
}
