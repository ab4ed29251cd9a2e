"""Programs that list the images of "app" with whatever credentials their SDK finds by itself, say
whose those were, and try to delete the repository. SERVER is the URL of the server."""

PYTHON = """
import json, os, warnings
warnings.simplefilter("ignore")
import botocore.session
session = botocore.session.Session()
url = os.environ["SERVER"]
answer = {}
try:
    answer["arn"] = session.create_client("sts", endpoint_url=url).get_caller_identity()["Arn"]
    answer["provider"] = session.get_credentials().method
    answer["key"] = session.get_credentials().access_key
    session.create_client("ecr", endpoint_url=url).list_images(repositoryName="app")
    answer["list"] = "allowed"
    session.create_client("ecr", endpoint_url=url).delete_repository(repositoryName="app")
except Exception as error:
    answer["error"] = type(error).__name__ + ": " + str(error)
print(json.dumps(answer))
"""
JAVASCRIPT = """
import { ECRClient, ListImagesCommand, DeleteRepositoryCommand } from "@aws-sdk/client-ecr";
const client = new ECRClient({ endpoint: process.env.SERVER });
const answer = {};
try {
  const credentials = await client.config.credentials();
  answer.key = credentials.accessKeyId;
  answer.account = credentials.accountId;
  answer.expires = credentials.expiration;
  await client.send(new ListImagesCommand({ repositoryName: "app" }));
  answer.list = "allowed";
  await client.send(new DeleteRepositoryCommand({ repositoryName: "app" }));
} catch (error) {
  answer.error = `${error.name}: ${error.message}`;
}
console.log(JSON.stringify(answer));
"""
