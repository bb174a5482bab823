//! `POST /v1/playlists`: starts the submission of every video of a playlist.

use eventrelay::run;

fn main() -> Result<(), run::Error> {
    run::playlists()
}
