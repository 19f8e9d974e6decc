/* The request goes to the identity provider by itself; without JavaScript the person presses the button. */
document.getElementById("to-provider").requestSubmit();
