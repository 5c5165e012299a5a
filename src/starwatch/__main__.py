"""`python -m starwatch`: the same as the `starwatch` command."""

from starwatch.cli.main import main

if __name__ == "__main__":
    main()
