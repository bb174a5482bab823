//! The authorizer of the API: lets in who has a key or, where an issuer is configured, a token.

use eventrelay::{
    api::authorizer::{self, Question, Tokens},
    context::{Context, Warm},
    telemetry,
};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[Warm::DynamoDb]).await?;
    let tokens = &Tokens::from_env()?;
    run(service_fn(async |event: LambdaEvent<Question>| {
        authorizer::judge(context, tokens.as_ref(), event.payload)
            .await
            .map_err(Error::from)
    }))
    .await
}
