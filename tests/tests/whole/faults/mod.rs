//! Faults: kills, full disks, callers who hang up.
