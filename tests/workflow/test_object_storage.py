"""The ledger in a bucket, and trainings that read their ensembles in it, on a server that stands in for S3 (moto)."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import numpy as np
import pytest
from moto.server import ThreadedMotoServer

import mpipipe
from mpipipe.errors import InputError
from mpipipe.storage.location import ENSEMBLES_VARIABLE
from tests.workflow.conftest import Checkout

pytestmark = pytest.mark.slow

WEIGHTS = "data/smoke/train/restoration/denoising_2d/dncnn-0.safetensors"
RECORDS = "data/smoke/evaluate/restoration/denoising_2d/dncnn-0.parquet"
ENSEMBLES = "data/smoke/simulate"
STORE = "s3://lab/ensembles"


@dataclass(frozen=True)
class Bucket:
    """A bucket `lab` on loopback."""

    endpoint: str

    def add_remote(self, checkout: Checkout) -> None:
        """Name the bucket as the remote of this checkout alone."""
        checkout.run("dvc", "remote", "add", "--local", "--force", "--default", "s3", "s3://lab/artifacts")
        checkout.run("dvc", "remote", "modify", "--local", "s3", "endpointurl", self.endpoint)

    def keys(self, prefix: str) -> list[str]:
        pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket="lab", Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        boto3.client("s3").create_bucket(Bucket="lab")
        yield Bucket(f"http://{host}:{port}")
    server.stop()


@pytest.fixture(scope="module")
def pushed(finished: Checkout, bucket: Bucket) -> Iterator[Checkout]:
    """The finished run, pushed to the bucket, its ensembles published there."""
    config = finished.path / ".dvc/config.local"
    before = config.read_bytes() if config.exists() else None
    bucket.add_remote(finished)
    finished.run("dvc", "push")
    finished.run("mpipipe", "publish", STORE)
    yield finished
    if before is None:
        config.unlink()
    else:
        config.write_bytes(before)


@pytest.fixture(scope="module")
def cluster(pushed: Checkout, bucket: Bucket, module_path: Path) -> Iterator[Checkout]:
    """A clone that pulled all but the ensembles, on a machine that reads these in the bucket."""
    clone = pushed.clone(module_path / "clone", own_code=True)
    bucket.add_remote(clone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENSEMBLES_VARIABLE, STORE)
        clone.run("mpipipe", "pull")
        yield clone


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_clone_pulls_from_the_bucket_and_has_nothing_to_do(
    pushed: Checkout, bucket: Bucket, tmp_path: Path
) -> None:
    clone = pushed.clone(tmp_path / "clone", own_code=True)
    bucket.add_remote(clone)
    clone.run("dvc", "pull")
    clone.run("mpipipe", "adopt")
    assert clone.planned() == {}
    assert clone.changed_stages() == set()
    assert "in sync" in clone.run("dvc", "status", "--cloud").stdout


def test_a_clone_without_ensembles_has_nothing_to_do(cluster: Checkout) -> None:
    assert not list((cluster.path / ENSEMBLES).rglob("*.zarr"))
    assert cluster.planned() == {}


def test_a_training_and_an_evaluation_read_the_bucket_and_give_the_same_bytes(
    cluster: Checkout, finished: Checkout
) -> None:
    targets = [name for path in (WEIGHTS, RECORDS) for name in (path, f"{path}.manifest.json")]
    for name in targets:
        (cluster.path / name).unlink()
    cluster.run("snakemake", *targets, "--cores", "1")
    for path in (WEIGHTS, RECORDS):
        assert sha256(cluster.path / path) == sha256(finished.path / path)
    assert not list((cluster.path / ENSEMBLES).rglob("*.zarr"))


def test_the_ledger_does_not_record_ensembles_that_are_not_here(cluster: Checkout) -> None:
    lock = (cluster.path / "dvc.lock").read_bytes()
    for command in (("mpipipe", "record"), ("mpipipe", "stage", "train")):
        done = cluster.run(*command, check=False)
        assert done.returncode == 2 and "in the object store alone" in done.stderr, done.stderr
    assert (cluster.path / "dvc.lock").read_bytes() == lock


def test_publish_copies_what_is_damaged_and_only_that(pushed: Checkout, bucket: Bucket) -> None:
    client = boto3.client("s3")
    (part,) = {key.partition(".zarr")[0] for key in bucket.keys(f"ensembles/{ENSEMBLES}/lissajous_3d/val")}
    shard = next(key for key in bucket.keys(part) if "/system_matrix/c/" in key)
    content = client.get_object(Bucket="lab", Key=shard)["Body"].read()
    client.put_object(Bucket="lab", Key=shard, Body=content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InputError, match=rf"s3://lab/{part}\.zarr: found content .* publish it again"):
        mpipipe.open_system_matrix(f"s3://lab/{part}.zarr")
    lines = pushed.run("mpipipe", "publish", STORE).stdout.splitlines()
    assert [line for line in lines if "there already" not in line] == [
        line for line in lines if line.startswith(f"s3://lab/{part}.zarr: copied")
    ]
    there = mpipipe.open_system_matrix(f"s3://lab/{part}.zarr")
    here = mpipipe.open_system_matrix(pushed.path / f"{part.removeprefix('ensembles/')}.zarr")
    np.testing.assert_array_equal(there.values, here.values)


@pytest.mark.parametrize(
    ("url", "environment", "phrase"),
    [
        ("s3://nobody/a.zarr", {}, "The specified bucket does not exist"),
        ("s3://lab/none.zarr", {}, "found FileNotFoundError"),
        ("s3://lab/none.zarr", {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials"),
        ("s3://lab/none.zarr", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Could not connect"),
    ],
)
def test_a_store_that_cannot_be_read_is_one_line(
    bucket: Bucket, tmp_path: Path, url: str, environment: dict[str, str], phrase: str
) -> None:
    code = f"from mpipipe.storage.ensemble import Part\ntry: Part({url!r})\nexcept ValueError as error: print(error)"
    done = Checkout(tmp_path).run(
        sys.executable, "-W", "error", "-c", code, HOME=str(tmp_path), **environment
    )
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{url}.manifest.json: found") and phrase in line, line
