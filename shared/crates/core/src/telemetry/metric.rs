//! Metrics.

/// Unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A length of time.
    Seconds,
    /// US dollars, which CloudWatch has no unit for.
    Dollars,
}

impl Unit {
    /// Returns the name of the unit at CloudWatch
    /// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Dollars => "None",
        }
    }
}

/// Metric. Its dimensions are fixed and have few values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Time from a request to its response, without the gateway and Lambda.
    HttpRequestDuration,
    /// Lookups that a layer answered.
    CacheHits,
    /// Lookups that a layer could not answer.
    CacheMisses,
    /// Time from a call of an upstream to the end of its response.
    ApiCallDuration,
    /// Concurrent upstream calls of this instance at the end of one.
    ActiveConnections,
    /// Time from the due time of a step to its start.
    QueueAge,
    /// Polls of a file or a deployment until it was ready.
    Polls,
    /// Time from readiness, as reported by the service, to its detection.
    Lateness,
    /// Tokens that a model read.
    InputTokens,
    /// Tokens that a model wrote.
    OutputTokens,
    /// Thinking tokens of a model.
    ThinkingTokens,
    /// Cost of a model.
    Cost,
    /// 1 when a circuit breaker opened, 0 when it closed.
    CircuitBreakerOpen,
    /// Wait of a throttled call.
    LimiterWait,
    ColdStarts,
    /// Time from the start of the process until it can take its first request.
    InitDuration,
}

impl Metric {
    pub const ALL: [Self; 16] = [
        Self::HttpRequestDuration,
        Self::CacheHits,
        Self::CacheMisses,
        Self::ApiCallDuration,
        Self::ActiveConnections,
        Self::QueueAge,
        Self::Polls,
        Self::Lateness,
        Self::InputTokens,
        Self::OutputTokens,
        Self::ThinkingTokens,
        Self::Cost,
        Self::CircuitBreakerOpen,
        Self::LimiterWait,
        Self::ColdStarts,
        Self::InitDuration,
    ];

    /// Returns the name, with the unit as suffix as in Prometheus
    /// (<https://prometheus.io/docs/practices/naming/>).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HttpRequestDuration => "http_request_duration_seconds",
            Self::CacheHits => "cache_hits_total",
            Self::CacheMisses => "cache_misses_total",
            Self::ApiCallDuration => "api_call_duration_seconds",
            Self::ActiveConnections => "active_connections",
            Self::QueueAge => "queue_age_seconds",
            Self::Polls => "polls_per_job",
            Self::Lateness => "lateness_seconds",
            Self::InputTokens => "input_tokens_total",
            Self::OutputTokens => "output_tokens_total",
            Self::ThinkingTokens => "thinking_tokens_total",
            Self::Cost => "cost_usd_total",
            Self::CircuitBreakerOpen => "circuit_breaker_open",
            Self::LimiterWait => "limiter_wait_seconds",
            Self::ColdStarts => "cold_starts_total",
            Self::InitDuration => "init_duration_seconds",
        }
    }

    /// Returns a description without a full stop.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::HttpRequestDuration => {
                "Time from a request to its response, without the gateway and Lambda"
            }
            Self::CacheHits => "Lookups that a layer answered",
            Self::CacheMisses => "Lookups that a layer could not answer",
            Self::ApiCallDuration => "Time from a call of an upstream to the end of its response",
            Self::ActiveConnections => {
                "Concurrent upstream calls of this instance at the end of one"
            }
            Self::QueueAge => "Time from the due time of a step to its start",
            Self::Polls => "Polls of a file or a deployment until it was ready",
            Self::Lateness => "Time from readiness, as reported by the service, to its detection",
            Self::InputTokens => "Tokens that a model read",
            Self::OutputTokens => "Tokens that a model wrote",
            Self::ThinkingTokens => "Thinking tokens of a model",
            Self::Cost => "Cost of a model",
            Self::CircuitBreakerOpen => "1 when a circuit breaker opened, 0 when it closed",
            Self::LimiterWait => "Wait of a throttled call",
            Self::ColdStarts => "Started instances",
            Self::InitDuration => {
                "Time from the start of the process until it can take its first request"
            }
        }
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
