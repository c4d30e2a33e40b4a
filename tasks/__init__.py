"""The steps of a send as Prefect tasks: thin; each returns an id, a path or a count."""

from tasks.parameter_log import keep_parameters_out

keep_parameters_out()  # whoever runs a flow imports its steps before it looks at the parameters
