//! Billed usage of AWS, and its prices.

use std::ops::{Add, Mul, Sub};

/// A million, in which most list prices are.
pub(super) const MILLION: f64 = 1e6;

/// Usage of everything that is billed. A mean, so not necessarily whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// Memory of functions times the time that they are billed for.
    pub(super) gb_s: f64,
    pub(super) invocations: f64,
    /// Requests to API Gateway.
    pub(super) requests: f64,
    pub(super) queue_calls: f64,
    pub(super) written: f64,
    pub(super) read: f64,
    /// Requests to S3 that write, and that read.
    pub(super) puts: f64,
    pub(super) gets: f64,
    pub(super) logged: f64,
    /// Transitions of Step Functions.
    pub(super) transitions: f64,
}

/// A service on the bill.
pub(super) const SERVICES: [&str; 7] = [
    "Lambda",
    "API Gateway",
    "SQS",
    "DynamoDB",
    "S3",
    "logs",
    "Step Functions",
];

impl Usage {
    /// US dollars by service, without free tiers.
    ///
    /// List prices of us-east-1 of November 2026 for x86:
    /// <https://aws.amazon.com/lambda/pricing/>, <https://aws.amazon.com/api-gateway/pricing/> (HTTP
    /// API), <https://aws.amazon.com/sqs/pricing/> (standard queues),
    /// <https://aws.amazon.com/dynamodb/pricing/on-demand/>, <https://aws.amazon.com/s3/pricing/>,
    /// <https://aws.amazon.com/cloudwatch/pricing/>, <https://aws.amazon.com/step-functions/pricing/>
    /// (standard workflows)
    pub(super) fn usd(&self) -> [f64; SERVICES.len()] {
        [
            self.gb_s * 0.000_016_666_7 + self.invocations * 0.20 / MILLION,
            self.requests * 1.00 / MILLION,
            self.queue_calls * 0.40 / MILLION,
            (self.written * 0.625 + self.read * 0.125) / MILLION,
            (self.puts * 5.00 + self.gets * 0.40) / MILLION,
            self.logged * 0.50 / 1e9,
            self.transitions * 25.00 / MILLION,
        ]
    }

    /// US dollars in all.
    pub(super) fn total(&self) -> f64 {
        self.usd().iter().sum()
    }

    /// Each figure with that of another.
    fn with(self, other: Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            gb_s: combine(self.gb_s, other.gb_s),
            invocations: combine(self.invocations, other.invocations),
            requests: combine(self.requests, other.requests),
            queue_calls: combine(self.queue_calls, other.queue_calls),
            written: combine(self.written, other.written),
            read: combine(self.read, other.read),
            puts: combine(self.puts, other.puts),
            gets: combine(self.gets, other.gets),
            logged: combine(self.logged, other.logged),
            transitions: combine(self.transitions, other.transitions),
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.with(other, |one, other| one + other)
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.with(other, |one, other| one - other)
    }
}

impl Mul<f64> for Usage {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        self.with(self, |one, _| one * times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bill_is_the_sum_of_its_services() {
        let usage = Usage {
            gb_s: 2.0,
            invocations: 10.0,
            requests: 3.0,
            queue_calls: 4.0,
            written: 8.0,
            read: 2.0,
            puts: 1.0,
            gets: 1.0,
            logged: 1000.0,
            transitions: 1.0,
        };
        let expected = 2.0 * 16.6667
            + 10.0 * 0.2
            + 3.0
            + 4.0 * 0.4
            + 8.0 * 0.625
            + 2.0 * 0.125
            + 5.4
            + 0.5
            + 25.0;
        assert!((usage.total() * MILLION - expected).abs() < 1e-6);
        let doubled = usage + usage;
        assert_eq!(doubled, usage * 2.0);
        assert_eq!((doubled - usage), usage);
    }
}
