//! Memory and processor time of this process, where the system tells (Linux).

/// Bytes resident now.
pub(super) fn resident() -> Option<u64> {
    field("VmRSS:")
}

/// Most bytes that were resident since [`forget_peak`].
pub(super) fn peak() -> Option<u64> {
    field("VmHWM:")
}

/// Begins a new peak.
pub(super) fn forget_peak() {
    // Where that is not allowed the peak is that of the whole run.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Seconds of processor time that all threads took so far: what a busy machine does not change.
pub(super) fn processor() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold spaces.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    // Linux counts in hundredths for every program.
    Some((user + system) / 100.0)
}

fn field(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kib.checked_mul(1024)
}
