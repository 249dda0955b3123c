/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "log.h"

#include <stdarg.h>
#include <string.h>
#include <syslog.h>

#include "names.h"

static const struct
{
  const char *name;
  int priority;
} levels[] = {
  [VTPM_LOG_ERROR] = { "error", LOG_ERR },
  [VTPM_LOG_WARNING] = { "warning", LOG_WARNING },
  [VTPM_LOG_INFO] = { "info", LOG_INFO },
  [VTPM_LOG_DEBUG] = { "debug", LOG_DEBUG },
};

static void stderr_sink (enum vtpm_log_level level, const char *line, void *context);

static struct
{
  enum vtpm_log_level level;
  char subject[256];
  vtpm_log_sink sink;
  void *context;
} state = { .level = VTPM_LOG_INFO, .sink = stderr_sink };

static const char *
subject_separator (void)
{
  return state.subject[0] != '\0' ? ": " : "";
}

static void
stderr_sink (enum vtpm_log_level level, const char *line, void *context)
{
  (void) context;
  fprintf (stderr, "%s: %s%s%s%s\n", program_invocation_short_name, state.subject,
           subject_separator (), level == VTPM_LOG_WARNING ? "warning: " : "", line);
}

static void
syslog_sink (enum vtpm_log_level level, const char *line, void *context)
{
  (void) context;
  syslog (levels[level].priority, "%s%s%s", state.subject, subject_separator (), line);
}

void
vtpm_log_set_level (enum vtpm_log_level level)
{
  state.level = level;
}

void
vtpm_log_set_subject (const char *subject)
{
  snprintf (state.subject, sizeof (state.subject), "%s", subject != NULL ? subject : "");
}

void
vtpm_log_to_stderr (void)
{
  vtpm_log_to_sink (stderr_sink, NULL);
}

void
vtpm_log_to_syslog (const char *program)
{
  openlog (program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
  vtpm_log_to_sink (syslog_sink, NULL);
}

static void
stderr_and_syslog_sink (enum vtpm_log_level level, const char *line, void *context)
{
  stderr_sink (level, line, context);
  syslog_sink (level, line, context);
}

void
vtpm_log_to_stderr_and_syslog (void)
{
  openlog (program_invocation_short_name, LOG_PID, LOG_DAEMON);
  vtpm_log_to_sink (stderr_and_syslog_sink, NULL);
}

void
vtpm_log_to_sink (vtpm_log_sink sink, void *context)
{
  state.sink = sink;
  state.context = context;
}

void
vtpm_log (enum vtpm_log_level level, const char *format, ...)
{
  int saved_errno = errno;
  char line[VTPM_LOG_LINE_MAX];
  va_list arguments;

  if (level > state.level)
    return;
  va_start (arguments, format);
  vsnprintf (line, sizeof (line), format, arguments);
  va_end (arguments);
  state.sink (level, line, state.context);
  errno = saved_errno;
}

int
vtpm_log_level_from_name (const char *name, enum vtpm_log_level *level,
                          struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  for (size_t i = 0; i < sizeof (levels) / sizeof (levels[0]); i++)
    if (strcmp (name, levels[i].name) == 0)
      {
        *level = (enum vtpm_log_level) i;
        return 0;
      }
  return vtpm_error_set_plain (error, EINVAL, "\"%s\" is not error, warning, info or debug",
                               vtpm_name_quote (name, quoted, sizeof (quoted)));
}

const char *
vtpm_log_level_name (enum vtpm_log_level level)
{
  return levels[level].name;
}
