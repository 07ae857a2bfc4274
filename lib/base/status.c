#include "polder/status.h"
#include "base/status.h"

#include <stdarg.h>
#include <string.h>

static _Thread_local pld_error last;
static _Thread_local bool trying;

static struct {
    pld_error_handler *call;
    void *data;
} handler;

/* The last two parts of a path: mesh/field.c says enough, and where the
 * sources lay when they were compiled is nobody's business. */
static const char *short_path(const char *path)
{
    const char *at = path + strlen(path);
    for (int parts = 0; at > path; at--)
        if (at[-1] == '/' && ++parts == 2)
            break;
    return at;
}

static void add_frame(const char *file, int line, const char *function)
{
    if (last.nframes == PLD_ERROR_FRAMES) {
        last.ndropped++;
        return;
    }
    last.frames[last.nframes++] = (pld_error_frame){
        .file = short_path(file), .function = function, .line = line};
}

static void start(pld_status status, const char *text, const char *file,
                  int line, const char *function)
{
    pld_error_clear();
    last.status = status;
    snprintf(last.text, sizeof last.text, "%s", text);
    add_frame(file, line, function);
}

static void tell_handler(void)
{
    if (handler.call != NULL && !trying)
        handler.call(&last, handler.data);
}

const char *pld_status_name(pld_status status)
{
    static const char *const names[] = {
#define NAME(name, meaning) "PLD_" #name,
        PLD_STATUS_LIST(NAME)
#undef NAME
    };
    bool known = (int)status >= 0 && status < PLD_STATUS_COUNT;
    return known ? names[status] : "PLD_ERR_?";
}

const char *pld_status_text(pld_status status)
{
    static const char *const meanings[] = {
#define MEANING(name, meaning) meaning,
        PLD_STATUS_LIST(MEANING)
#undef MEANING
    };
    bool known = (int)status >= 0 && status < PLD_STATUS_COUNT;
    return known ? meanings[status] : "unknown status";
}

const pld_error *pld_error_last(void)
{
    return &last;
}

void pld_error_clear(void)
{
    last.status = PLD_OK;
    last.agreed = false;
    last.text[0] = '\0';
    last.nframes = 0;
    last.ndropped = 0;
}

void pld_error_print(FILE *stream)
{
    if (last.status == PLD_OK)
        return;
    fprintf(stream, "polder: %s: %s\n", pld_status_name(last.status),
            last.text);
    for (int i = 0; i < last.nframes; i++)
        fprintf(stream, "  %s %s (%s:%d)\n", i == 0 ? "at" : "from",
                last.frames[i].function, last.frames[i].file,
                last.frames[i].line);
    if (last.ndropped > 0)
        fprintf(stream, "  and %d calls more\n", last.ndropped);
}

void pld_error_set_handler(pld_error_handler *call, void *data)
{
    handler.call = call;
    handler.data = data;
}

pld_status pld_error_raise(pld_status status, const char *file, int line,
                           const char *function, const char *format, ...)
{
    /* Not straight into the record: its old text may be an argument. */
    char text[sizeof last.text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    start(status, text, file, line, function);
    tell_handler();
    return status;
}

pld_status pld_error_pass(pld_status status, const char *file, int line,
                          const char *function)
{
    if (status == PLD_OK)
        return status;
    /* A status that came without a record, say from the caller's own code. */
    if (last.status != status)
        return pld_error_raise(status, file, line, function, "%s",
                               pld_status_text(status));
    add_frame(file, line, function);
    return status;
}

void pld_error_share(pld_status status, const char *text, bool own,
                     const char *file, int line, const char *function)
{
    if (own) {
        last.status = status;
        snprintf(last.text, sizeof last.text, "%s", text);
        add_frame(file, line, function);
    } else {
        start(status, text, file, line, function);
    }
    last.agreed = true;
    if (!own)
        tell_handler();
}

pld_error pld_error_begin_try(void)
{
    trying = true;
    return last;
}

void pld_error_end_try(const pld_error *before)
{
    trying = false;
    last = *before;
}
