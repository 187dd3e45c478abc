from importlib import import_module

Migration = import_module("tests.lending.migrations.0001_initial").Migration
