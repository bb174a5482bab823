"""`template.yaml` as a stack of the emulator."""

import fcntl
import hashlib
import json
import os
import subprocess
import time
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from samtranslator.yaml_helper import yaml_parse

from emulator import ACCOUNT, CREDENTIALS, REGION
from upstreams import SECRETS, Upstreams

STACK = "eventrelay"
ARTIFACTS = "artifacts"
DEPLOY_SECONDS = 300

# What MiniStack 1.5.33 cannot create: type, property where only those with it are meant, and why no
# test misses it.
LEFT_OUT = [
    ("AWS::Budgets::Budget", None, "not known to its CloudFormation; no test has a bill"),
    ("AWS::S3::BucketPolicy", None, "refuses what is not sent by TLS, as it should, and here all is loopback"),
    ("AWS::SQS::QueuePolicy", None, "the same"),
    ("AWS::CloudWatch::Alarm", "Metrics", "it knows no metric math; no test waits for an alarm"),
]

# Actions that MiniStack asks for where AWS asks for another:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
ASKED_BESIDE = {"sqs:SendMessage": "sqs:SendMessageBatch"}

# What `cargo local` decides by itself.
NOT_OVERRIDDEN = {variable for _, variable, _, _ in SECRETS}


def clients(url: str):
    """Makes clients of the emulator."""
    session = boto3.Session(CREDENTIALS, CREDENTIALS, region_name=REGION)
    config = Config(retries={"max_attempts": 3}, read_timeout=120, s3={"addressing_style": "path"})
    return lambda service: session.client(service, endpoint_url=url, config=config)


def _ask_beside(policies):
    """Adds to the statements of policies, however deep they are, what MiniStack asks for."""
    if isinstance(policies, list):
        for policy in policies:
            _ask_beside(policy)
    elif isinstance(policies, dict):
        if "Action" in policies:
            actions = policies["Action"] if isinstance(policies["Action"], list) else [policies["Action"]]
            policies["Action"] = actions + [ASKED_BESIDE[action] for action in actions if action in ASKED_BESIDE]
        for part in policies.values():
            _ask_beside(part)


class Deployment:
    """Deployment of the stack: created, or updated if the emulator has it already."""

    def __init__(self, url: str, template: Path, binaries: Path, cache: Path, upstreams: Upstreams):
        self.url = url
        self.client = clients(url)
        self.binaries = binaries
        self.cache = cache
        self.upstreams = upstreams
        self.template = yaml_parse(template.read_text())
        self.resources: dict[str, str] = {}

    def deploy(self, key: str):
        """Brings everything to where a request can be answered, or to what is declared now where it
        is there already."""
        is_new = not self._is_there()
        if is_new:
            self._put_secrets()
        self._edit_template()
        self._put_code()
        self._put_stack(is_new)
        if is_new:
            self._put_routes()
            self._accept_key(key)

    def _is_there(self) -> bool:
        cloudformation = self.client("cloudformation")
        try:
            return bool(cloudformation.describe_stacks(StackName=STACK)["Stacks"])
        except cloudformation.exceptions.ClientError:
            return False

    def _put_secrets(self):
        secrets = self.client("secretsmanager")
        for name, value in self.upstreams.secrets.items():
            secrets.create_secret(Name=name, SecretString=value)

    def _edit_template(self):
        """Applies settings for which the template has no parameters."""
        resources = self.template["Resources"]
        for kind, having, _ in LEFT_OUT:
            for name, properties in self.of_type(kind).items():
                if having is None or having in properties:
                    self._leave_out(name)
        shared = self.template["Globals"]["Function"]["Environment"]["Variables"]
        for function in [self.template["Globals"]["Function"], *self.functions().values()]:
            # In a group that functions share, nothing says whose a stream is; on AWS its name does.
            function.get("LoggingConfig", {}).pop("LogGroup", None)
        for function in self.functions().values():
            own = function.setdefault("Environment", {}).setdefault("Variables", {})
            for name in [*shared, *own]:
                if name in os.environ and name not in NOT_OVERRIDDEN:
                    own[name] = os.environ[name]
            own |= self.upstreams.variables
            _ask_beside(function.get("Policies", []))
            for event in function.get("Events", {}).values():
                scaling = event["Properties"].get("ScalingConfig", {})
                if isinstance(most := scaling.get("MaximumConcurrency"), dict):
                    # A parameter stays text in a mapping, which is then not polled.
                    scaling["MaximumConcurrency"] = int(self.template["Parameters"][most["Ref"]]["Default"])
        if authorizer := os.environ.get("DEFAULT_AUTHORIZER"):
            resources["Api"]["Properties"]["Auth"]["DefaultAuthorizer"] = authorizer

    def _leave_out(self, name: str):
        """Takes out a resource, and the outputs that speak of it."""
        del self.template["Resources"][name]
        outputs = self.template["Outputs"]
        self.template["Outputs"] = {
            output: value for output, value in outputs.items() if f'"{name}"' not in json.dumps(value)
        }

    def of_type(self, kind: str) -> dict[str, dict]:
        """Properties of the resources of a type, by their logical ids."""
        resources = self.template["Resources"].items()
        return {name: resource.get("Properties", {}) for name, resource in resources if resource["Type"] == kind}

    def functions(self) -> dict[str, dict]:
        return self.of_type("AWS::Serverless::Function")

    def event_sources(self) -> dict[str, list[str]]:
        """Ids of the event source mappings of each function. The transform names a mapping by its
        function and its event."""
        return {
            name: [
                self.resources[f"{name}{event}"]
                for event, declared in function.get("Events", {}).items()
                if declared["Type"] == "SQS"
            ]
            for name, function in self.functions().items()
        }

    def _put_code(self):
        s3 = self.client("s3")
        s3.create_bucket(Bucket=ARTIFACTS)
        for function in self.functions().values():
            package = self._package(Path(function["CodeUri"]).name)
            s3.upload_file(str(package), ARTIFACTS, package.name)
            function["CodeUri"] = {"Bucket": ARTIFACTS, "Key": package.name}

    def _package(self, binary: str) -> Path:
        """The zip of a binary, made once of each that was built."""
        built = (self.binaries / binary).stat()
        version = hashlib.sha256(f"{built.st_mtime_ns} {built.st_size}".encode()).hexdigest()[:16]
        package = self.cache / f"{binary}-{version}.zip"
        self.cache.mkdir(parents=True, exist_ok=True)
        # Stacks that start at the same time wait for the one that packs.
        with open(self.cache / f"{binary}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if package.exists():
                return package
            for old in self.cache.glob(f"{binary}-????????????????.zip"):
                old.unlink()
            stripped, unfinished = self.cache / f"{binary}.stripped", self.cache / f"{binary}.unfinished"
            subprocess.run(["strip", "-o", stripped, self.binaries / binary], check=True)
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.write(stripped, "bootstrap")
            stripped.unlink()
            unfinished.rename(package)
        return package

    def _put_stack(self, is_new: bool):
        s3, cloudformation = self.client("s3"), self.client("cloudformation")
        s3.put_object(Bucket=ARTIFACTS, Key="template.json", Body=json.dumps(self.template).encode())
        parameters = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in self.upstreams.parameters.items()
        ]
        put = cloudformation.create_stack if is_new else cloudformation.update_stack
        put(
            StackName=STACK,
            TemplateURL=f"{self.url}/{ARTIFACTS}/template.json",
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=parameters,
        )
        deadline = time.monotonic() + DEPLOY_SECONDS
        while (status := cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]).endswith(
            "_IN_PROGRESS"
        ):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the stack is still {status}")
            time.sleep(0.1)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [
                f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason')}"
                for event in events
                if "FAILED" in event["ResourceStatus"]
            ]
            raise RuntimeError("\n".join([f"the stack is {status}", *reasons]))
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK):
            for resource in page["StackResourceSummaries"]:
                self.resources[resource["LogicalResourceId"]] = resource["PhysicalResourceId"]

    def _put_routes(self):
        """MiniStack makes an API of a template, but not the routes of its `Body`."""
        processed = self.client("cloudformation").get_template(StackName=STACK, TemplateStage="Processed")
        body = processed["TemplateBody"]
        body = json.loads(body) if isinstance(body, str) else body
        api = body["Resources"]["Api"]["Properties"]["Body"]
        gateway = self.client("apigatewayv2")
        api_id = self.resources["Api"]
        authorizers = {}
        for name, scheme in api["components"]["securitySchemes"].items():
            declared = scheme["x-amazon-apigateway-authorizer"]
            authorizers[name] = gateway.create_authorizer(
                ApiId=api_id,
                Name=name,
                AuthorizerType=declared["type"].upper(),
                AuthorizerUri=self._uri(declared["authorizerUri"]),
                AuthorizerPayloadFormatVersion=declared["authorizerPayloadFormatVersion"],
                AuthorizerResultTtlInSeconds=declared["authorizerResultTtlInSeconds"],
                EnableSimpleResponses=declared["enableSimpleResponses"],
                IdentitySource=declared["identitySource"],
            )["AuthorizerId"]
        for path, operations in api["paths"].items():
            for method, operation in operations.items():
                declared = operation["x-amazon-apigateway-integration"]
                integration = gateway.create_integration(
                    ApiId=api_id,
                    IntegrationType=declared["type"].upper(),
                    IntegrationMethod=declared["httpMethod"],
                    IntegrationUri=self._uri(declared["uri"]),
                    PayloadFormatVersion=declared["payloadFormatVersion"],
                )["IntegrationId"]
                method = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
                secured_by = [name for entry in operation.get("security", []) for name in entry if name in authorizers]
                secured = (
                    {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizers[secured_by[0]]} if secured_by else {}
                )
                gateway.create_route(
                    ApiId=api_id,
                    RouteKey=path if path == "$default" else f"{method} {path}",
                    Target=f"integrations/{integration}",
                    **secured,
                )

    def _uri(self, value) -> str:
        """The URI of an integration, which the transform writes as Fn::Sub, or Fn::If of one."""
        if "Fn::If" in value:
            value = value["Fn::If"][1]
        text = value["Fn::Sub"]
        text, more = text if isinstance(text, list) else (text, {})
        for name, part in more.items():
            function = part["Fn::GetAtt"][0]
            text = text.replace(f"${{{name}}}", self._function_arn(function))
        for name, physical in self.resources.items():
            if f"${{{name}.Arn}}" in text:
                text = text.replace(f"${{{name}.Arn}}", self._function_arn(name))
        pseudo = {"AWS::Region": REGION, "AWS::Partition": "aws", "AWS::AccountId": ACCOUNT}
        for name, replacement in pseudo.items():
            text = text.replace(f"${{{name}}}", replacement)
        return text

    def _function_arn(self, logical: str) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.resources[logical]}"

    def _accept_key(self, key: str):
        digest = hashlib.sha256(key.encode()).hexdigest()
        self.client("dynamodb").put_item(
            TableName=self.resources["ControlsTable"],
            Item={
                "pk": {"S": f"key#{digest[:16]}"},
                "hash": {"S": digest},
                "scopes": {"SS": ["admin", "read", "write"]},
            },
        )

    @property
    def api(self) -> str:
        return f"{self.url}/_aws/execute-api/{self.resources['Api']}/$default"
