//! Texts below the options in `--help`. They are not wrapped, so every line must fit 80 columns.

/// Exit codes, in the help of every command.
macro_rules! exit_codes {
    () => {
        "\
Exit codes:
  0    done
  1    failed
  2    wrong command line; nothing was started
  3    only a stand-in's empty answer, because no model is configured
  130  ended by Ctrl-C (143 by SIGTERM); a second Ctrl-C ends it at once"
    };
}

/// Variables that decide which services are real, in the help of commands that call services.
macro_rules! service_keys {
    () => {
        "\
Environment:
  GEMINI_API_KEY        calls the real Gemini and YouTube; without it, stand-ins
                        (get a key at https://aistudio.google.com/apikey)
  YOUTUBE_API_KEY       key of the YouTube Data API
  GITHUB_TOKEN          deploys to the real GitHub; without it, to a stand-in
  VERCEL_TOKEN          the same for Vercel
  NETLIFY_AUTH_TOKEN    the same for Netlify"
    };
}

pub(super) const SERVE: &str = concat!(
    service_keys!(),
    "
  EVENTRELAY_API_KEY    same as --api-key
  CORS_ALLOW_ORIGINS    origins whose pages may call the API, comma-separated
  DEFAULT_AUTHORIZER    Bearer: keys come as `Authorization: Bearer`
  ANALYSIS_BATCH        steps of analyses that a worker runs together, up to 10
  AWS_LAMBDA_LOG_LEVEL  log level of the functions, such as DEBUG

  Any other variable that a function declares in template.yaml replaces the
  value of the template, for example PROCESSING_TIMEOUT_S=5. Keys and tokens are
  kept in a local Secrets Manager, which is in memory only.

",
    exit_codes!(),
    "

Examples:
  cargo local                     run the system, print its address and key
  cargo local --watch             run it and rebuild what changes
  cargo local analyze talk.mp4    analyze a recording
  cargo local analyze --help      options of a command"
);

pub(super) const ANALYZE: &str = concat!(
    service_keys!(),
    "

",
    exit_codes!(),
    "

Examples:
  cargo local analyze talk.mp4 --transcript talk.vtt --format md
  cargo local analyze 'https://www.youtube.com/watch?v=jNQXAC9IVRw'
  cargo local analyze jNQXAC9IVRw --language de --out analysis.json"
);

pub(super) const BUILD: &str = concat!(
    "\
Types, frameworks and targets:
  web     nextjs (github, vercel)
          static (github, github_pages, vercel, netlify)
  api     fastapi, express (github, vercel), axum (github)
  cli     python, rust (github)
  ml      notebook (github)
  mobile  expo (github)

",
    service_keys!(),
    "

",
    exit_codes!(),
    "

Examples:
  cargo local build talk.mp4 --transcript talk.vtt --type web
  cargo local build talk.mp4 --type web --target github --checkout talk
  cargo local build talk.mp4 --type cli --target github --dry-run"
);

pub(super) const SAM: &str = concat!(
    exit_codes!(),
    "

Examples:
  sam build && cargo local sam
  cargo local sam --address 172.18.0.1"
);

pub(super) const KEY: &str = concat!(
    exit_codes!(),
    "

Examples:
  cargo local key create --name laptop
  cargo local key list"
);

pub(super) const CREATE_KEY: &str = "\
Examples:
  cargo local key create --name laptop
  cargo local key create --name dashboard --scopes read --per-minute 60
  cargo local key create --name guest --expires-days 7";

pub(super) const LIST_KEYS: &str = "\
Examples:
  cargo local key list
  cargo local key list --json";

pub(super) const REVOKE_KEY: &str = "\
Examples:
  cargo local key revoke 0123456789abcdef";
