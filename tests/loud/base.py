"""Django's backend, with an operation, a compiler and a feature of its own."""

from django.db.backends.postgresql import base, features, operations


class DatabaseOperations(operations.DatabaseOperations):
    compiler_module = "tests.loud.compiler"

    def shout(self):
        return "LOUD"


class DatabaseFeatures(features.DatabaseFeatures):
    is_loud = True


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    features_class = DatabaseFeatures
