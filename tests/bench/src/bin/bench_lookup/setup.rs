//! A running stack with filled tables.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use eventrelay::store::blobs::Blobs;
use eventrelay_tests::{Stack, gate::http_client};

use crate::{
    catalog::Lookups,
    fill::{self, Table},
    handler::Environment,
};

/// Stack, tables and environment to measure against.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) stack: Stack,
    /// The environment of the function; its table is the one that is compared at.
    pub(crate) environment: Environment,
    /// One per number of videos, in their order.
    pub(crate) tables: Vec<Table>,
    /// The videos of the largest table.
    pub(crate) lookups: Lookups,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) blobs: Blobs,
}

impl Setup {
    /// Builds and starts everything and fills a table for each number of videos. The functions
    /// see the table with `compared` videos.
    pub(crate) async fn new(sizes: &[usize], compared: usize) -> anyhow::Result<Self> {
        eprintln!("building and starting the stack");
        let stack = Stack::start().await?;
        let environment = Environment::read(&stack).await?;
        let (dynamodb, blobs) = clients(&stack, &environment)?;
        let own = environment.get("VIDEOS_TABLE")?;
        let mut tables = Vec::with_capacity(sizes.len());
        for videos in sizes.iter().copied() {
            let mut name = own.to_owned();
            if videos != compared {
                name = format!("{own}-{videos}");
                fill::make_like(&dynamodb, own, &name).await?;
            }
            tables.push(Table { name, videos });
        }
        eprintln!("filling tables with {sizes:?} videos");
        let lookups = fill::fill(&dynamodb, &tables, 0).await?;
        Ok(Self {
            stack,
            environment,
            tables,
            lookups,
            dynamodb,
            blobs,
        })
    }

    /// Lookups of the videos 0 to `videos` - 1.
    pub(crate) fn first(&self, videos: usize) -> Lookups {
        self.lookups.iter().take(videos).cloned().collect()
    }
}

fn clients(
    stack: &Stack,
    environment: &Environment,
) -> anyhow::Result<(aws_sdk_dynamodb::Client, Blobs)> {
    let credentials = Credentials::builder()
        .access_key_id(environment.get("AWS_ACCESS_KEY_ID")?)
        .secret_access_key(environment.get("AWS_SECRET_ACCESS_KEY")?)
        .provider_name("bench")
        .build();
    let region = Region::new(environment.get("AWS_REGION")?.to_owned());
    let dynamodb = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .credentials_provider(credentials.clone())
        .http_client(http_client())
        .endpoint_url(&stack.ready.aws.dynamodb)
        .build();
    let s3 = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials)
        .http_client(http_client())
        .endpoint_url(&stack.ready.aws.s3)
        .force_path_style(true)
        .build();
    Ok((
        aws_sdk_dynamodb::Client::from_conf(dynamodb),
        Blobs::new(
            aws_sdk_s3::Client::from_conf(s3),
            environment.get("BUCKET")?.to_owned(),
        ),
    ))
}
