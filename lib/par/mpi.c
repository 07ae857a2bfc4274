#include "par/context.h"

#include <string.h>

/* The first line: MPICH adds the places in its own source. */
void pld_mpi_text(int code, char text[MPI_MAX_ERROR_STRING])
{
    int length = 0;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS)
        strcpy(text, "unknown error");
    text[strcspn(text, "\n")] = '\0';
}

pld_status pld_mpi_raise(int code, const char *call, const char *file, int line,
                         const char *function)
{
    char text[MPI_MAX_ERROR_STRING];
    pld_mpi_text(code, text);
    return pld_error_raise(PLD_ERR_MPI, file, line, function, "%.*s failed: %s",
                           (int)strcspn(call, "("), call, text);
}
