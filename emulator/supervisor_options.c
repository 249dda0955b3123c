/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_options.h"

#include <limits.h>
#include <string.h>

#include "device_server.h"
#include "manufacture_spec.h"
#include "names.h"
#include "options.h"
#include "pool_list.h"
#include "uuid.h"

#define STOP_TIMEOUT_MAX 3600
#define RESTARTS_MAX 1000000

struct target
{
  enum vtpm_program_action action; /* first, for VTPM_OPTIONS_HELP_AND_VERSION */
  struct vtpm_supervisor_settings *settings;
};

static int
parse_number (const char *value, long minimum, long maximum, long *number,
              struct vtpm_error **error)
{
  char *end;

  errno = 0;
  *number = strtol (value, &end, 10);
  if (errno != 0 || end == value || *end != '\0' || *number < minimum || *number > maximum)
    return vtpm_error_set (error, 0, "\"%s\" is not a number from %ld to %ld", value, minimum,
                           maximum);
  return 0;
}

static int
set_container_id (void *target, const char *value, struct vtpm_error **error)
{
  ((struct target *) target)->settings->container_id = value;
  return vtpm_name_check_container_id (value, error);
}

static int
set_container_pid (void *target, const char *value, struct vtpm_error **error)
{
  long pid = 0;
  int result = parse_number (value, 1, INT_MAX, &pid, error);

  ((struct target *) target)->settings->container_pid = (pid_t) pid;
  return result;
}

static int
set_tpm_version (void *target, const char *value, struct vtpm_error **error)
{
  return vtpm_tpm_version_from_name (value, &((struct target *) target)->settings->version, error);
}

static int
set_stop_timeout (void *target, const char *value, struct vtpm_error **error)
{
  long seconds = 0;
  int result = parse_number (value, 1, STOP_TIMEOUT_MAX, &seconds, error);

  ((struct target *) target)->settings->stop_timeout = (unsigned int) seconds;
  return result;
}

static int
set_log_level (void *target, const char *value, struct vtpm_error **error)
{
  return vtpm_log_level_from_name (value, &((struct target *) target)->settings->log_level, error);
}

static int
set_restarts_per_minute (void *target, const char *value, struct vtpm_error **error)
{
  long restarts = 0;
  int result = parse_number (value, 1, RESTARTS_MAX, &restarts, error);

  ((struct target *) target)->settings->restarts_per_minute = (unsigned int) restarts;
  return result;
}

static int
set_pcr_banks (void *target, const char *value, struct vtpm_error **error)
{
  return vtpm_pcr_banks_parse (value, &((struct target *) target)->settings->pcr_banks, error);
}

static int
set_eks (void *target, const char *value, struct vtpm_error **error)
{
  return vtpm_key_types_parse (value, &((struct target *) target)->settings->eks, error);
}

static int
set_instance (void *target, const char *value, struct vtpm_error **error)
{
  struct vtpm_supervisor_settings *settings = ((struct target *) target)->settings;

  settings->persistent = true;
  return vtpm_instance_id_parse (value, &settings->instance, error);
}

static int
set_uuid (void *target, const char *value, struct vtpm_error **error)
{
  uint8_t uuid[VTPM_UUID_SIZE];

  ((struct target *) target)->settings->uuid = value;
  return vtpm_uuid_parse (value, uuid, error);
}

static int
set_pooled (void *target, const char *value, struct vtpm_error **error)
{
  struct vtpm_pool_entry entry;

  ((struct target *) target)->settings->pooled = value;
  return vtpm_pool_entry_parse (value, &entry)
             ? 0
             : vtpm_error_set (error, 0, "\"%s\" is not the name of a pooled TPM", value);
}

static int
set_state_dir (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  ((struct target *) target)->settings->state_dir = value;
  return 0;
}

static int
set_driver (void *target, const char *value, struct vtpm_error **error)
{
  ((struct target *) target)->settings->driver = value;
  if (strcmp (value, "vtpmx") != 0 && !vtpm_device_server_is_needed (value))
    return vtpm_error_set (error, 0, "no driver \"%s\" in this build", value);
  return 0;
}

static int
set_device_name (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  ((struct target *) target)->settings->device_name = value;
  return 0;
}

static int
set_device_uid (void *target, const char *value, struct vtpm_error **error)
{
  long uid = 0;
  int result = parse_number (value, 0, UINT_MAX, &uid, error);

  ((struct target *) target)->settings->device_uid = (uid_t) uid;
  return result;
}

static int
set_device_gid (void *target, const char *value, struct vtpm_error **error)
{
  long gid = 0;
  int result = parse_number (value, 0, UINT_MAX, &gid, error);

  ((struct target *) target)->settings->device_gid = (gid_t) gid;
  return result;
}

static int
set_device_mode (void *target, const char *value, struct vtpm_error **error)
{
  char *end;
  unsigned long mode = strtoul (value, &end, 8);

  if (end == value || *end != '\0' || mode > 0777)
    return vtpm_error_set (error, 0, "\"%s\" are no permission bits (octal)", value);
  ((struct target *) target)->settings->device_mode = (mode_t) mode;
  return 0;
}

static int
set_run_dir (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  ((struct target *) target)->settings->run_dir = value;
  return 0;
}

static int
set_emulator (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  ((struct target *) target)->settings->emulator = value;
  return 0;
}

static const struct vtpm_option table[] = {
  { "container-id", "ID", "the container's id", set_container_id },
  { "container-pid", "PID", "the container's init", set_container_pid },
  { "tpm-version", "VERSION", "2.0 (default) or 1.2", set_tpm_version },
  { "pcr-banks", "LIST", "what the TPM has to have", set_pcr_banks },
  { "ek", "LIST", "endorsement keys that the TPM has to have", set_eks },
  { "instance", "SCOPE/NAME", "keep the TPM's state as this instance", set_instance },
  { "uuid", "UUID", "of the instance if it is new", set_uuid },
  { "pooled", "NAME", "which of the pool a new TPM is", set_pooled },
  { "state-dir", "DIR", "of all instances (" VTPM_STATE_DIR ")", set_state_dir },
  { "restarts-per-minute", "NUMBER", "of the emulator, at most (30)", set_restarts_per_minute },
  { "stop-timeout", "SECONDS", "for the TPM's orderly shutdown (10)", set_stop_timeout },
  { "log-level", "LEVEL", "error, warning, info (default) or debug", set_log_level },
  { "driver", "NAME", "how the device pair was made (vtpmx)", set_driver },
  { "device-name", "NAME", "cuse: the device's name on the host", set_device_name },
  { "device-uid", "UID", "fuse: the device's owner (0)", set_device_uid },
  { "device-gid", "GID", "fuse: its group (0)", set_device_gid },
  { "device-mode", "MODE", "fuse: its permission bits (0660)", set_device_mode },
  { "run-dir", "DIR", "of all vTPMs (" VTPM_RUN_DIR ")", set_run_dir },
  { "emulator", "PATH", "the emulator to run", set_emulator },
  VTPM_OPTIONS_HELP_AND_VERSION,
};

#define TABLE_SIZE (sizeof (table) / sizeof (table[0]))

int
vtpm_supervisor_options_parse (int argc, char **argv, enum vtpm_program_action *action,
                               struct vtpm_supervisor_settings *settings,
                               struct vtpm_error **error)
{
  struct target target = { VTPM_PROGRAM_RUN, settings };
  int first_argument;

  *settings = (struct vtpm_supervisor_settings) {
    .run_dir = VTPM_RUN_DIR,
    .emulator = VTPM_LIBEXEC_DIR "/vtpm-emulator",
    .version = VTPM_TPM_2_0,
    .state_dir = VTPM_STATE_DIR,
    .restarts_per_minute = 30,
    .stop_timeout = 10,
    .log_level = VTPM_LOG_INFO,
    .driver = "vtpmx",
    .device_name = "vtpm",
    .device_mode = 0660,
    .server_fd = -1,
    .hook_fd = -1,
    .container_pidfd = -1,
    .seed_fd = -1,
    .host_keys_fd = -1,
  };
  if (vtpm_options_parse (argc, argv, table, TABLE_SIZE, &target, &first_argument, error) < 0)
    return -1;
  *action = target.action;
  if (first_argument < argc)
    return vtpm_options_unexpected (argv[first_argument], error);
  if (*action == VTPM_PROGRAM_RUN
      && (settings->container_id == NULL || settings->container_pid == 0))
    return vtpm_error_set (error, 0, "--container-id and --container-pid are needed");
  return 0;
}

void
vtpm_supervisor_options_print_help (FILE *stream)
{
  fputs ("Usage: vtpm-supervisor --container-id ID --container-pid PID [OPTION]...\n"
         "Supervises one container's vTPM; oci-vtpm-hook starts it.\n\n",
         stream);
  vtpm_options_print (stream, table, TABLE_SIZE);
}
