//! CPU time and memory of a process, from /proc.

use std::fs;
use std::time::Duration;

/// Ticks per second of /proc/PID/stat on every Linux that matters.
const TICKS: f64 = 100.0;

/// User and system time a process has used so far.
pub fn used(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name may hold spaces: count from the closing parenthesis (proc(5): fields 14 and 15).
    let after = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let fields: Vec<f64> = after.split_whitespace().filter_map(|f| f.parse().ok()).collect();
    // Field 3 is a letter and fell out above, so user time is the eleventh number.
    let ticks = fields.get(10).copied().unwrap_or(0.0) + fields.get(11).copied().unwrap_or(0.0);
    Duration::from_secs_f64(ticks / TICKS)
}

/// Resident memory, mebibytes.
pub fn resident(pid: u32) -> f64 {
    status(pid, "VmRSS:")
}

/// The most memory that was resident since [`forget_peak`], mebibytes.
pub fn peak(pid: u32) -> f64 {
    status(pid, "VmHWM:")
}

/// Lets [`peak`] begin anew (proc(5): `clear_refs`).
pub fn forget_peak(pid: u32) -> std::io::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5")
}

fn status(pid: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(field)).unwrap_or_default();
    let kib: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0.0);
    kib / 1024.0
}
