/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * oci-vtpm-hook.  An OCI runtime runs this program as root, in the host's
 * namespaces, while it creates or deletes a container; it lives for
 * milliseconds.  The container's content is hostile, and so may its
 * annotations be: nothing of them is used before it is checked, and no path
 * is followed out of the container's root.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "driver.h"
#include "hook_options.h"
#include "hook_start.h"
#include "hook_stop.h"
#include "host_config.h"
#include "log.h"
#include "names.h"
#include "oci_state.h"
#include "vtpm_spec.h"

static int
load_config (struct vtpm_host_config *config, struct vtpm_error **error)
{
  char quoted[sizeof (config->driver)];

  if (vtpm_host_config_load (VTPM_CONFIG_FILE, config, error) < 0)
    return -1;
  if (!vtpm_driver_exists (config->driver))
    return vtpm_error_set_plain (error, EINVAL,
                                 VTPM_CONFIG_FILE ": \"driver\": no driver \"%s\" in this build",
                                 vtpm_name_quote (config->driver, quoted, sizeof (quoted)));
  return 0;
}

/* Runs the hook for the state on standard input.  A container that does not
   ask for a vTPM costs no more than reading its state.  */
static int
run (enum vtpm_hook_action action, struct vtpm_error **error)
{
  _cleanup_oci_state_ struct vtpm_oci_state state = { 0 };
  struct vtpm_host_config config;
  struct vtpm_spec spec;
  bool wanted;

  if (vtpm_oci_state_read (STDIN_FILENO, &state, error) < 0
      || vtpm_spec_from_annotations (state.annotations, &wanted, &spec, error) < 0)
    return -1;
  if (!wanted)
    return 0;
  if (vtpm_name_check_container_id (state.id, error) < 0)
    return -1;
  vtpm_log_set_subject (state.id);
  if (vtpm_spec_settle_instance (&spec, state.id, error) < 0 || load_config (&config, error) < 0)
    return -1;
  vtpm_log_set_level (config.log_level);
  return action == VTPM_HOOK_STOP ? vtpm_hook_stop (&state, &config, error)
                                  : vtpm_hook_start (&state, &spec, &config, error);
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  enum vtpm_hook_action action;

  signal (SIGPIPE, SIG_IGN);
  if (vtpm_hook_options_parse (argc, argv, &action, &error) < 0)
    {
      vtpm_log (VTPM_LOG_ERROR, "%s; see --help", vtpm_error_message (error));
      return 2;
    }
  if (action == VTPM_HOOK_HELP || action == VTPM_HOOK_VERSION)
    {
      fputs (action == VTPM_HOOK_HELP ? vtpm_hook_usage : PACKAGE_NAME " " PACKAGE_VERSION "\n",
             stdout);
      return 0;
    }
  vtpm_log_to_stderr_and_syslog ();
  if (run (action, &error) < 0)
    {
      vtpm_log (VTPM_LOG_ERROR, "%s", vtpm_error_message (error));
      return 1;
    }
  return 0;
}
