//! What is measured.

/// What a metric is counted in.
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
    /// As CloudWatch names it
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

/// A metric. Its dimensions are always the same, and of values that are few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// From a request to its answer, without what the gateway and Lambda add.
    HttpRequestDuration,
    /// Lookups that a layer answered.
    CacheHits,
    /// Lookups that a layer could not answer.
    CacheMisses,
    /// From a call of an outside service to the end of its answer.
    ApiCallDuration,
    /// Calls of outside services under way in this instance when one ended.
    ActiveConnections,
    /// From when a step was due to when somebody worked on it.
    QueueAge,
    /// Looks at a file or a deployment until it was ready.
    Polls,
    /// From when it was ready, as its service says, to when that was noticed.
    Lateness,
    /// Tokens that a model read.
    InputTokens,
    /// Tokens that a model wrote.
    OutputTokens,
    /// Tokens that a model thought in.
    ThinkingTokens,
    /// What a model cost.
    Cost,
    /// 1 when a circuit breaker opened, 0 when it closed.
    CircuitBreakerOpen,
    /// How long a call was told to wait for its turn.
    LimiterWait,
    /// Instances that were started.
    ColdStarts,
    /// From the start of the process until it could take its first request.
    InitDuration,
}

impl Metric {
    /// All that there are.
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

    /// Its name, with its unit at the end as Prometheus has it
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

    /// What it is, in a sentence without its end.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::HttpRequestDuration => {
                "From a request to its answer, without what the gateway and Lambda add"
            }
            Self::CacheHits => "Lookups that a layer answered",
            Self::CacheMisses => "Lookups that a layer could not answer",
            Self::ApiCallDuration => "From a call of an outside service to the end of its answer",
            Self::ActiveConnections => {
                "Calls of outside services under way in this instance when one ended"
            }
            Self::QueueAge => "From when a step was due to when somebody worked on it",
            Self::Polls => "Looks at a file or a deployment until it was ready",
            Self::Lateness => {
                "From when it was ready, as its service says, to when that was noticed"
            }
            Self::InputTokens => "Tokens that a model read",
            Self::OutputTokens => "Tokens that a model wrote",
            Self::ThinkingTokens => "Tokens that a model thought in",
            Self::Cost => "What a model cost",
            Self::CircuitBreakerOpen => "1 when a circuit breaker opened, 0 when it closed",
            Self::LimiterWait => "How long a call was told to wait for its turn",
            Self::ColdStarts => "Instances that were started",
            Self::InitDuration => {
                "From the start of the process until it could take its first request"
            }
        }
    }

    /// What its values are counted in.
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

    /// What its values are told apart by.
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
