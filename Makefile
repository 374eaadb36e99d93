# Every command is a line of bootstrap.py; without make, type `python bootstrap.py COMMAND`.
PYTHON ?= $(shell command -v python3 || command -v python || echo python3)
ARGS ?=
MAKEFLAGS += --no-print-directory
COMMANDS = lab test coverage lowest newest notebooks scripts book dashboards bench lock install help

.DEFAULT_GOAL := help
.PHONY: $(COMMANDS) clean

$(COMMANDS):
	@$(PYTHON) bootstrap.py $@ $(ARGS)

clean:
	@$(PYTHON) bootstrap.py clean $(if $(ALL),--all)
