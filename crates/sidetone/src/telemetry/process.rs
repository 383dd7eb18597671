//! What this process takes of its machine, under the names that every Prometheus client library
//! uses.

use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Ticks of a second in `/proc`: part of the kernel's interface, the same on every machine
/// (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Reads `/proc` whenever it is asked. What the kernel does not tell is left out.
#[derive(Debug)]
pub(super) struct Process;

/// What `/proc/self` says.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stat {
    /// Spent in user and in system mode, s.
    cpu_s: f64,
    /// After the machine started, s.
    started_after_s: f64,
    virtual_bytes: f64,
    resident_kib: f64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let Some(stat) = Stat::read(&stat, &status) else {
            return Ok(());
        };
        let machine = fs::read_to_string("/proc/stat").unwrap_or_default();
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        // One of them is what reads the directory.
        let open = fs::read_dir("/proc/self/fd").map(|entries| entries.count().saturating_sub(1));
        let started = field(&machine, "btime ").map(|boot_s| boot_s + stat.started_after_s);
        let cpu = encoder.encode_descriptor(
            "process_cpu_seconds",
            "Time spent in user and system mode",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(stat.cpu_s).encode(cpu)?;
        let gauges = [
            (
                "process_resident_memory_bytes",
                "Memory in use",
                Some(stat.resident_kib * 1024.0),
            ),
            (
                "process_virtual_memory_bytes",
                "Size of the address space",
                Some(stat.virtual_bytes),
            ),
            (
                "process_open_fds",
                "File descriptors that are open",
                open.ok().map(|open| open as f64),
            ),
            (
                "process_max_fds",
                "File descriptors that may be open",
                field(&limits, "Max open files"),
            ),
            (
                "process_start_time_seconds",
                "When the process started, since 1970",
                started,
            ),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                ConstGauge::new(value).encode(gauge)?;
            }
        }
        Ok(())
    }
}

impl Stat {
    /// Reads `/proc/self/stat` and `/proc/self/status` (`man 5 proc`).
    fn read(stat: &str, status: &str) -> Option<Self> {
        // The name comes second, in parentheses, and may hold anything.
        let rest = stat.rsplit_once(')')?.1;
        let field_number = |number: usize| -> Option<f64> {
            rest.split_whitespace().nth(number - 3)?.parse().ok()
        };
        Some(Self {
            cpu_s: (field_number(14)? + field_number(15)?) / TICKS,
            started_after_s: field_number(22)? / TICKS,
            virtual_bytes: field_number(23)?,
            resident_kib: field(status, "VmRSS:")?,
        })
    }
}

/// The first number after a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_says() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 5 0 12345 8192 77 18446744073709551615";
        assert_eq!(
            Stat::read(stat, "Name:\tx\nVmRSS:\t    2048 kB\n"),
            Some(Stat {
                cpu_s: 2.0,
                started_after_s: 123.45,
                virtual_bytes: 8192.0,
                resident_kib: 2048.0,
            })
        );
        assert_eq!(Stat::read(stat, ""), None);
        assert_eq!(Stat::read("", "VmRSS: 1 kB"), None);
        let limits =
            "Limit  Soft Limit\nMax open files            1024                 4096   files\n";
        assert_eq!(field(limits, "Max open files"), Some(1024.0));
        assert_eq!(field("Max open files  unlimited", "Max open files"), None);
    }
}
