/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */

/*
 * vtpm-ca: the authority that certifies one TPM's endorsement keys.
 *
 * oci-vtpm-hook starts it as a user of its own, who owns the authority's keys and records and
 * nothing else, without a capability, and ends it when the TPM is made.  It has one
 * descriptor: a channel to vtpm-manufacture, which asks.  For whom the TPM is comes from its
 * command line, which the hook wrote.
 *
 * It may never see a private key of a TPM, or a state of one, and answers for one TPM only.
 */

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "ca_command.h"
#include "ca_config.h"
#include "certify_message.h"
#include "channel.h"
#include "libcrypto.h"
#include "options.h"
#include "protocol.h"

/* Of endorsement keys there are five types.  */
#define REQUESTS_MAX 8

struct settings
{
  enum vtpm_program_action action; /* first, for VTPM_OPTIONS_HELP_AND_VERSION */
  const char *config_file;
  struct vtpm_certificate_binding binding;
};

#define SETTER(name, member)                                            \
  static int set_##name (void *target, const char *value, struct vtpm_error **error) \
  {                                                                     \
    (void) error;                                                       \
    ((struct settings *) target)->member = value;                       \
    return 0;                                                           \
  }

SETTER (config, config_file)
SETTER (uuid, binding.uuid)
SETTER (container, binding.container)
SETTER (namespace, binding.namespace)
SETTER (pod, binding.pod)
SETTER (host, binding.host)

static const struct vtpm_option table[] = {
  { "config", "FILE", "instead of " VTPM_CONFIG_FILE, set_config },
  { "uuid", "UUID", "of the TPM's instance", set_uuid },
  { "container", "ID", "that it is for", set_container },
  { "namespace", "NAME", "of the container's pod", set_namespace },
  { "pod", "NAME", "the container's", set_pod },
  { "host", "NAME", "this one's", set_host },
  VTPM_OPTIONS_HELP_AND_VERSION,
};

#define TABLE_SIZE (sizeof (table) / sizeof (table[0]))

struct authority
{
  struct vtpm_ca_config config;
  struct vtpm_ca *ca;  /* or NULL: the command signs */
  X509 *issuer;        /* the command's */
  struct vtpm_certificate_binding binding;
};

static void
close_authority (struct authority *authority)
{
  vtpm_ca_close (authority->ca);
  X509_free (authority->issuer);
  vtpm_ca_config_clear (&authority->config);
}

#define _cleanup_authority_ VTPM_CLEANUP (close_authority)

static int
open_authority (const struct settings *settings, struct authority *authority,
                struct vtpm_error **error)
{
  const struct vtpm_ca_config *config = &authority->config;

  if (vtpm_libcrypto_prepare (error) < 0
      || vtpm_ca_config_load (settings->config_file, &authority->config, error) < 0)
    return -1;
  authority->binding = settings->binding;
  if (config->command == NULL)
    return vtpm_ca_open (&config->place, &authority->ca, error);
  return vtpm_ca_certificate_read (AT_FDCWD, config->place.certificate, config->place.certificate,
                                   &authority->issuer, error);
}

static int
certify (struct authority *authority, const struct vtpm_message *message,
         uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size, struct vtpm_error **error)
{
  const struct vtpm_ca_config *config = &authority->config;
  struct vtpm_certificate_request request;

  if (message->type != VTPM_CA_CERTIFY)
    return vtpm_error_set_plain (error, EPROTO, "message type %#x", (unsigned int) message->type);
  if (vtpm_certify_message_read (message->payload, message->length, &request, error) < 0)
    return -1;
  request.binding = authority->binding;
  if (authority->ca != NULL)
    return vtpm_ca_issue (authority->ca, &request, &config->policy, time (NULL), certificate, size,
                          error);
  return vtpm_ca_command_run (config->command, &request, authority->issuer, config->timeout, certificate, size, error);
}

/* What time is up for is a lock, or a disk, that does not come.  */
static struct
{
  uint32_t type;
  char text[64];
} late = { .type = VTPM_CA_REFUSED };

static void
be_late (int number)
{
  ssize_t sent = write (VTPM_FD_CA_CHANNEL, &late, sizeof (late.type) + strlen (late.text));

  (void) number;
  _exit (sent < 0 ? 2 : 1);
}

/* A command has its own clock, and more to say about it.  */
static void
set_alarm (const struct authority *authority)
{
  const struct sigaction action = { .sa_handler = be_late };
  unsigned int timeout = authority->config.timeout + (authority->ca == NULL);

  snprintf (late.text, sizeof (late.text), "did not finish within %u s", timeout);
  sigaction (SIGALRM, &action, NULL);
  alarm (timeout);
}

static int
serve (struct authority *authority, struct vtpm_error **error)
{
  for (int count = 0; count < REQUESTS_MAX; count++)
    {
      uint8_t certificate[VTPM_CERTIFICATE_MAX];
      struct vtpm_message message;
      size_t size;

      switch (vtpm_channel_receive (VTPM_FD_CA_CHANNEL, &message, error))
        {
        case VTPM_RECEIVE_MESSAGE:
          break;
        case VTPM_RECEIVE_CLOSED:
          return 0;
        case VTPM_RECEIVE_FAILED:
        case VTPM_RECEIVE_WOULD_BLOCK:
        default:
          return -1;
        }
      set_alarm (authority);
      if (certify (authority, &message, certificate, &size, error) < 0
          || vtpm_channel_send (VTPM_FD_CA_CHANNEL, VTPM_CA_CERTIFIED, certificate, size, error) < 0)
        return -1;
      alarm (0);
    }
  return vtpm_error_set_plain (error, EPROTO, "more than %d requests", REQUESTS_MAX);
}

/* Its memory has a private key.  */
static int
run (const struct settings *settings, struct vtpm_error **error)
{
  _cleanup_authority_ struct authority authority = { 0 };
  const struct rlimit none = { 0, 0 };

  signal (SIGPIPE, SIG_IGN);
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit (RLIMIT_CORE, &none) < 0)
    return vtpm_error_set (error, errno, "cannot keep others out of this process");
  if (vtpm_channel_check (VTPM_FD_CA_CHANNEL, "oci-vtpm-hook", error) < 0
      || open_authority (settings, &authority, error) < 0)
    return -1;
  return serve (&authority, error);
}

static int
fail (const struct vtpm_error *error)
{
  const char *message = vtpm_error_message (error);

  if (vtpm_channel_send_text (VTPM_FD_CA_CHANNEL, VTPM_CA_REFUSED, message, NULL) < 0)
    fprintf (stderr, "vtpm-ca: %s\n", message);
  return EXIT_FAILURE;
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct settings settings = { .config_file = VTPM_CONFIG_FILE };
  int first_argument;

  if (vtpm_options_parse (argc, argv, table, TABLE_SIZE, &settings, &first_argument, &error) < 0
      || (first_argument < argc && vtpm_options_unexpected (argv[first_argument], &error) < 0))
    return fail (error);
  if (settings.action == VTPM_PROGRAM_SHOW_HELP)
    {
      puts ("Usage: vtpm-ca [OPTION]...\n"
            "Certifies a TPM's endorsement keys; oci-vtpm-hook starts it.\n");
      vtpm_options_print (stdout, table, TABLE_SIZE);
      return EXIT_SUCCESS;
    }
  if (settings.action == VTPM_PROGRAM_SHOW_VERSION)
    {
      printf ("vtpm-ca (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
      return EXIT_SUCCESS;
    }
  return run (&settings, &error) < 0 ? fail (error) : EXIT_SUCCESS;
}
