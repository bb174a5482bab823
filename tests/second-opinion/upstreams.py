"""Services that the functions call, chosen as `cargo local` does: the real service if this process has
its key, else a stand-in."""

import os

# Parameter of the template, variable of the functions, variable of this process with a key, and the
# name that a secret has here.
SECRETS = [
    ("GeminiSecret", "GEMINI_SECRET", "GEMINI_API_KEY", "eventrelay/gemini"),
    ("YouTubeSecret", "YOUTUBE_SECRET", "YOUTUBE_API_KEY", "eventrelay/youtube"),
    ("GitHubSecret", "GITHUB_SECRET", "GITHUB_TOKEN", "eventrelay/github"),
    ("VercelSecret", "VERCEL_SECRET", "VERCEL_TOKEN", "eventrelay/vercel"),
    ("NetlifySecret", "NETLIFY_SECRET", "NETLIFY_AUTH_TOKEN", "eventrelay/netlify"),
]

ADDRESSES = {
    "gemini": ["GEMINI_BASE_URL"],
    "youtube": ["YOUTUBE_BASE_URL", "YOUTUBE_OEMBED_BASE_URL"],
    "github": ["GITHUB_BASE_URL"],
    "vercel": ["VERCEL_BASE_URL"],
    "netlify": ["NETLIFY_BASE_URL"],
}


class Upstreams:
    def __init__(self, running: dict[str, str]):
        """Chooses from the running stand-ins, by name."""
        self.parameters: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.stand_ins = dict(running)
        for parameter, variable, key, name in SECRETS:
            service = name.removeprefix("eventrelay/")
            value = os.environ.get(key, "").strip()
            name = os.environ.get(variable) or name
            if value:
                self.stand_ins.pop(service, None)
            elif service == "youtube":
                # Without a secret to read, oEmbed is asked.
                name = ""
            elif service != "gemini" and os.environ.get(variable) == "":
                # A target of deployments that is not configured.
                self.stand_ins.pop(service, None)
                name = ""
            self.parameters[parameter] = name
            if name:
                self.secrets[name] = value or "stand-in"
        # The stand-in of YouTube goes with Gemini's.
        if "gemini" in self.stand_ins:
            self.stand_ins["youtube"] = running["youtube"]
        else:
            self.stand_ins.pop("youtube", None)
        self.variables = {
            variable: url for service, url in self.stand_ins.items() for variable in ADDRESSES[service]
        }
        if "gemini" in self.stand_ins:
            # Its answers are marked, and they serve later submissions only where no model is expected.
            self.variables["ANSWER_CLASS"] = "stand-in"
        for variables in ADDRESSES.values():
            self.variables |= {name: os.environ[name] for name in variables if name in os.environ}
