//! What a performance test of a producer counts (Kafka: `ProducerPerformance.Stats`). Serves kafka-producer-perf-test; invariant: each
//! answered record is counted once, in the whole and in its window.

/// Counts of latencies, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    latencies_ms: Vec<u64>,
    bytes: u64,
    window_start_ms: u64,
    window: (u64, u64, u64, u64),
}

const MIB: f64 = 1024.0 * 1024.0;

impl Stats {
    /// Counts an answered record.
    pub fn record(&mut self, latency_ms: u64, bytes: u64) {
        self.latencies_ms.push(latency_ms);
        self.bytes += bytes;
        let (count, sum, all, max) = self.window;
        self.window = (count + 1, sum + latency_ms, all + bytes, max.max(latency_ms));
    }

    /// The line of the window that is over at `now_ms` since the start, if it is.
    pub fn window(&mut self, now_ms: u64, interval_ms: u64) -> Option<String> {
        let elapsed_ms = now_ms.saturating_sub(self.window_start_ms);
        if elapsed_ms < interval_ms {
            return None;
        }
        let (count, sum, bytes, max) = std::mem::take(&mut self.window);
        self.window_start_ms = now_ms;
        let (rate, mib) = rates(count, bytes, elapsed_ms);
        let average = sum as f64 / count as f64;
        Some(format!(
            "{count} records sent, {rate:.1} records/sec ({mib:.2} MB/sec), {average:.1} ms avg latency, {:.1} ms max latency.",
            max as f64
        ))
    }

    /// The last line, `elapsed_ms` after the start.
    pub fn total(&self, elapsed_ms: u64) -> String {
        let mut sorted = self.latencies_ms.clone();
        sorted.sort_unstable();
        let count = sorted.len() as u64;
        let at = |permille: u64| sorted.get((count * permille / 1000) as usize).copied().unwrap_or(0);
        let (rate, mib) = rates(count, self.bytes, elapsed_ms);
        let average = sorted.iter().sum::<u64>() as f64 / count.max(1) as f64;
        let max = sorted.last().copied().unwrap_or(0) as f64;
        format!(
            "{count} records sent, {rate:.6} records/sec ({mib:.2} MB/sec), {average:.2} ms avg latency, {max:.2} ms max \
             latency, {} ms 50th, {} ms 95th, {} ms 99th, {} ms 99.9th.",
            at(500),
            at(950),
            at(990),
            at(999)
        )
    }
}

/// Records and mebibytes a second.
fn rates(count: u64, bytes: u64, elapsed_ms: u64) -> (f64, f64) {
    let seconds = elapsed_ms.max(1) as f64 / 1000.0;
    (count as f64 / seconds, bytes as f64 / seconds / MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_records() {
        let mut stats = Stats::default();
        (0..1000).for_each(|ms| stats.record(ms, 100));
        assert_eq!(
            stats.total(2000),
            "1000 records sent, 500.000000 records/sec (0.05 MB/sec), 499.50 ms avg latency, 999.00 ms max latency, \
             500 ms 50th, 950 ms 95th, 990 ms 99th, 999 ms 99.9th."
        );
        let window = "1000 records sent, 200.0 records/sec (0.02 MB/sec), 499.5 ms avg latency, 999.0 ms max latency.";
        assert_eq!(stats.window(4999, 5000), None);
        assert_eq!(stats.window(5000, 5000).as_deref(), Some(window));
    }
}
