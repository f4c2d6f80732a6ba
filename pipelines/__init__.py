"""Batch work over the layers below, and the command line. Each step writes a folder with a manifest."""
