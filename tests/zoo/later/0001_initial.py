from importlib import import_module

Migration = import_module("tests.zoo.migrations.0001_initial").Migration
