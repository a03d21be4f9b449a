"""Artifact family: is it safe to look at this file, and to load it?"""
