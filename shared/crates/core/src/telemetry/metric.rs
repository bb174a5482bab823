//! Metrics.

use strum::{EnumMessage, IntoStaticStr, VariantArray};

/// Unit of a metric. Its string is the name of the unit at CloudWatch
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(const_into_str)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A length of time.
    Seconds,
    /// US dollars, which CloudWatch has no unit for.
    #[strum(to_string = "None")]
    Dollars,
}

/// Metric with a fixed set of dimensions, each of few values.
///
/// The string of a variant is its name, with the unit as suffix as in Prometheus
/// (<https://prometheus.io/docs/practices/naming/>). The comment of a variant is its public
/// description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(const_into_str)]
pub enum Metric {
    /// Time from a request to its response, without the gateway and Lambda.
    #[strum(to_string = "http_request_duration_seconds")]
    HttpRequestDuration,
    /// Lookups that a layer answered.
    #[strum(to_string = "cache_hits_total")]
    CacheHits,
    /// Lookups that a layer could not answer.
    #[strum(to_string = "cache_misses_total")]
    CacheMisses,
    /// Time from a call of an upstream to the end of its response.
    #[strum(to_string = "api_call_duration_seconds")]
    ApiCallDuration,
    /// Concurrent upstream calls of this instance at the end of one.
    #[strum(to_string = "active_connections")]
    ActiveConnections,
    /// Time from the due time of a step to its start.
    #[strum(to_string = "queue_age_seconds")]
    QueueAge,
    /// Polls of a file or a deployment until it was ready.
    #[strum(to_string = "polls_per_job")]
    Polls,
    /// Time from readiness, as reported by the service, to its detection.
    #[strum(to_string = "lateness_seconds")]
    Lateness,
    /// Tokens that a model read.
    #[strum(to_string = "input_tokens_total")]
    InputTokens,
    /// Tokens that a model wrote.
    #[strum(to_string = "output_tokens_total")]
    OutputTokens,
    /// Thinking tokens of a model.
    #[strum(to_string = "thinking_tokens_total")]
    ThinkingTokens,
    /// Cost of a model.
    #[strum(to_string = "cost_usd_total")]
    Cost,
    /// 1 when a circuit breaker opened, 0 when it closed.
    #[strum(to_string = "circuit_breaker_open")]
    CircuitBreakerOpen,
    /// Wait of a throttled call.
    #[strum(to_string = "limiter_wait_seconds")]
    LimiterWait,
    #[strum(to_string = "cold_starts_total")]
    ColdStarts,
    /// Time from the start of the process until it can take its first request.
    #[strum(to_string = "init_duration_seconds")]
    InitDuration,
}

impl Metric {
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns a description without a full stop.
    #[must_use]
    pub fn help(self) -> &'static str {
        self.get_documentation()
            .unwrap_or_default()
            .trim_end_matches('.')
    }

    /// Returns the unit of its values.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::HttpRequestDuration
            | Self::ApiCallDuration
            | Self::QueueAge
            | Self::Lateness
            | Self::LimiterWait
            | Self::InitDuration => Unit::Seconds,
            Self::Cost => Unit::Dollars,
            _ => Unit::Count,
        }
    }

    /// Returns the names of its dimensions.
    #[must_use]
    pub fn dimensions(self) -> &'static [&'static str] {
        match self {
            Self::HttpRequestDuration => &["method", "endpoint"],
            Self::CacheHits | Self::CacheMisses => &["layer"],
            Self::ApiCallDuration | Self::ActiveConnections => &["service", "outcome"],
            Self::QueueAge => &["queue"],
            Self::Polls | Self::Lateness => &["awaited"],
            Self::InputTokens | Self::OutputTokens | Self::ThinkingTokens | Self::Cost => {
                &["model"]
            }
            Self::CircuitBreakerOpen | Self::LimiterWait => &["limit"],
            Self::ColdStarts | Self::InitDuration => &["function"],
        }
    }
}
