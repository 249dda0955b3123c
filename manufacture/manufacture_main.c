/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */

/*
 * vtpm-manufacture: the process in which a TPM is made that is more than what its
 * emulator makes by itself.
 *
 * oci-vtpm-hook starts it as the supervisors' user, without a capability, before there
 * is a device, and waits for its end.  It has a channel to the hook, the memory that the
 * new TPM's state goes to, and where keys are to be certified a channel to vtpm-ca.  What it
 * computes are the secrets of one TPM.
 *
 * It may never open a file, a socket or a process, or see another TPM or a key that
 * protects state on disk: it is in the emulator's sandbox before it makes anything.
 */

#include <signal.h>

#include "channel.h"
#include "channel_certifier.h"
#include "libcrypto.h"
#include "manufacture.h"
#include "options.h"
#include "protocol.h"
#include "sandbox.h"
#include "tpm_seed.h"

struct settings
{
  enum vtpm_program_action action; /* first, for VTPM_OPTIONS_HELP_AND_VERSION */
  struct vtpm_manufacture_spec spec;
};

static int
set_tpm_version (void *target, const char *value, struct vtpm_error **error)
{
  return vtpm_tpm_version_from_name (value, &((struct settings *) target)->spec.version, error);
}

static int
set_pcr_banks (void *target, const char *value, struct vtpm_error **error)
{
  return vtpm_pcr_banks_parse (value, &((struct settings *) target)->spec.pcr_banks, error);
}

static int
set_eks (void *target, const char *value, struct vtpm_error **error)
{
  return vtpm_key_types_parse (value, &((struct settings *) target)->spec.eks, error);
}

static const struct vtpm_option table[] = {
  { "tpm-version", "VERSION", "2.0 (default) or 1.2", set_tpm_version },
  { "pcr-banks", "LIST", "of sha1, sha256, sha384 and sha512; all unless given", set_pcr_banks },
  { "ek", "LIST", "endorsement keys, to be certified by vtpm-ca", set_eks },
  VTPM_OPTIONS_HELP_AND_VERSION,
};

#define TABLE_SIZE (sizeof (table) / sizeof (table[0]))

/* libcrypto reads what it wants to read before the door is closed.  */
static int
enter_sandbox (pid_t parent, struct vtpm_error **error)
{
  signal (SIGPIPE, SIG_IGN);
  if (vtpm_libcrypto_prepare (error) < 0 || vtpm_sandbox_limits (parent, error) < 0)
    return -1;
  return vtpm_sandbox_close_door (error);
}

static int
run (const struct settings *settings, pid_t parent, struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  const int ca_fd = VTPM_FD_MANUFACTURE_CA;
  const struct vtpm_certifier certifier = vtpm_channel_certifier (&ca_fd);
  uint8_t *seed;
  uint64_t size;

  if (vtpm_channel_check (VTPM_FD_MANUFACTURE_CHANNEL, "oci-vtpm-hook", error) < 0
      || vtpm_tpm_seed_map (VTPM_FD_MANUFACTURE_SEED, &seed, error) < 0)
    return -1;
  close (VTPM_FD_MANUFACTURE_SEED);
  if (enter_sandbox (parent, error) < 0
      || vtpm_manufacture (&settings->spec, &certifier, &permanent, error) < 0
      || vtpm_tpm_seed_fill (seed, &permanent, error) < 0)
    return -1;
  size = permanent.size;
  return vtpm_channel_send (VTPM_FD_MANUFACTURE_CHANNEL, VTPM_MANUFACTURE_MADE, &size,
                            sizeof (size), error);
}

static int
fail (const struct vtpm_error *error)
{
  const char *message = vtpm_error_message (error);

  if (vtpm_channel_send_text (VTPM_FD_MANUFACTURE_CHANNEL, VTPM_MANUFACTURE_FAILED, message, NULL)
      < 0)
    fprintf (stderr, "vtpm-manufacture: %s\n", message);
  return EXIT_FAILURE;
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct settings settings = { .spec.version = VTPM_TPM_2_0 };
  pid_t parent = getppid ();
  int first_argument;

  if (vtpm_options_parse (argc, argv, table, TABLE_SIZE, &settings, &first_argument, &error) < 0
      || (first_argument < argc && vtpm_options_unexpected (argv[first_argument], &error) < 0))
    return fail (error);
  if (settings.action == VTPM_PROGRAM_SHOW_HELP)
    {
      puts ("Usage: vtpm-manufacture [OPTION]...\n"
            "Makes a TPM; oci-vtpm-hook starts it.\n");
      vtpm_options_print (stdout, table, TABLE_SIZE);
      return EXIT_SUCCESS;
    }
  if (settings.action == VTPM_PROGRAM_SHOW_VERSION)
    {
      printf ("vtpm-manufacture (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
      return EXIT_SUCCESS;
    }
  return run (&settings, parent, &error) < 0 ? fail (error) : EXIT_SUCCESS;
}
