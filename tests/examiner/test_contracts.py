"""The contracts of the real binary ($LAMBDAD_BIN) beside AWS's public models."""

import os
import pathlib
import subprocess
import unittest

from botocore.loaders import Loader

from examine import documents, examine, read_differences

HERE = pathlib.Path(__file__).resolve().parent


class Contracts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        binary = os.environ.get("LAMBDAD_BIN", HERE / "../../target/debug/lambdad")
        told = subprocess.run([binary, "contracts"], check=True, capture_output=True, text=True).stdout
        cls.contracts = list(documents(told))
        cls.entries = read_differences(HERE / "differences.toml")

    def test_contracts_differ_from_awss_only_where_they_are_meant_to(self):
        self.assertTrue(self.contracts)
        loader = Loader()
        for ours in self.contracts:
            with self.subTest(ours["name"]):
                self.assertTrue(examine(ours, loader, self.entries), "the differences are printed above")

    def test_differences_are_those_of_a_service_that_there_is(self):
        services = {ours["name"] for ours in self.contracts}
        self.assertLessEqual({entry["service"] for entry in self.entries}, services)


if __name__ == "__main__":
    unittest.main()
